import { anything, text, textMap } from '../fields/values.ts';
import {
  maybe,
  object,
  optional,
  required,
  type Field,
  type Fields,
  type Shape,
} from '../fields/object.ts';
import type { Parser } from '../fields/parser.ts';

type Pairs = readonly { readonly key: string; readonly value: string }[];

const none: { readonly labels: Pairs; readonly annotations: Pairs; readonly uid: string } = {
  labels: [],
  annotations: [],
  uid: '',
};

/** metadata.labels, metadata.annotations and metadata.uid; the rest of metadata is the ref. */
export const metadata: Field<typeof none> = optional(
  object({
    labels: optional(textMap, none.labels),
    annotations: optional(textMap, none.annotations),
    uid: optional(text, ''),
  }),
  none,
);

/** The value of a key, undefined when the key is not there. */
export function lookup(pairs: Pairs, key: string): string | undefined {
  return pairs.find((pair) => pair.key === key)?.value;
}

/** A kind of the mesh's own: only `spec` has meaning, and unknown fields beside it are told. */
export function withSpec<S extends Shape>(spec: S): Parser<{ readonly spec: Fields<S> }> {
  return object(
    {
      apiVersion: maybe(anything),
      kind: maybe(anything),
      metadata: maybe(anything),
      status: maybe(anything),
      spec: required(object(spec, { strict: true })),
    },
    { strict: true },
  );
}

/**
 * The early versions of SMI's kinds have their fields beside metadata. Both places are read, because tools that
 * convert between versions left both behind.
 */
export function fieldsUnderSpec(
  raw: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (raw['spec'] !== undefined && raw['spec'] !== null) return raw;
  const { apiVersion, kind, metadata: meta, status, ...spec } = raw;
  return { apiVersion, kind, metadata: meta, status, spec };
}

/** ParseBool of Go, as OSM reads annotations of pods. Everything else is false. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(1|t|T|TRUE|true|True)$/.test(text);
}
