import { maybe, object, optional, required } from '../fields/object.ts';
import { invalid, type Parser } from '../fields/parser.ts';
import { anything, list, port, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { withSpec } from './metadata.ts';

const match = object({ name: optional(text, ''), ports: required(list(port)) }, { strict: true });

/** SMI's matches is one map; a list of them is read too. */
const matches: Parser<readonly { readonly name: string; readonly ports: readonly number[] }[]> = (
  value,
  at,
) => {
  if (Array.isArray(value)) return list(match)(value, at);
  const parsed = match(value, at);
  return parsed === invalid ? invalid : [parsed];
};

const shape = withSpec({ matches: required(matches) });

const shapeWithoutPorts = object(
  {
    apiVersion: maybe(anything),
    kind: maybe(anything),
    metadata: maybe(anything),
    status: maybe(anything),
    spec: optional(object({}, { strict: true }), {}),
  },
  { strict: true },
);

/** Target ports of a TrafficTarget's TCP traffic. Before v1alpha4 there were none: any port. */
export const parseTcpRoute: KindParser = (raw, { ref, version, at }) => {
  const identity = { namespace: ref.namespace, name: ref.name };
  if (version !== 'v1alpha4') {
    if (shapeWithoutPorts(raw, at) === invalid) return invalid;
    return { $case: 'tcpRoute', value: { ...identity, matches: [{ name: '', ports: [] }] } };
  }
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  return {
    $case: 'tcpRoute',
    value: {
      ...identity,
      matches: parsed.spec.matches.map(({ name, ports }) => ({
        name,
        ports: [...new Set(ports)].sort((a, b) => a - b),
      })),
    },
  };
};
