import type { Diagnostic, ObjectRef } from '@osm/model';
import { describe } from './fields/parser.ts';
import { isMap } from './fields/values.ts';
import { isClusterWide, kindOf } from './kinds/kinds.ts';
import { diagnostic, displayName } from './object-ref.ts';
import { splitApiVersion } from './parse-object.ts';
import { splitDocuments } from './split-documents.ts';
import { parseYaml, type YamlDocument } from './yaml-document.ts';

/** One object as it was written. */
export interface Manifest {
  /** `<API group>/<kind>/<namespace>/<name>`: two manifests with one id are the same object. */
  readonly id: string;
  readonly ref: ObjectRef;
  readonly raw: unknown;
}

/** What a file holds. */
export interface Manifests {
  readonly manifests: readonly Manifest[];
  readonly diagnostics: readonly Diagnostic[];
  /** False when a part could not be read: objects that the file held before may be in that part. */
  readonly complete: boolean;
  /** Parsed documents by their text, for the next parse of the file. */
  readonly documents: ReadonlyMap<string, YamlDocument>;
}

/** How a text is read. */
export interface ParseManifestsOptions {
  /** Name of the file, for refs and diagnostics. */
  readonly file: string;
  /** The result for an earlier text of this file: documents that did not change keep their `raw` values. */
  readonly previous?: Manifests;
}

/** An empty file. */
export const noManifests: Manifests = {
  manifests: [],
  diagnostics: [],
  complete: true,
  documents: new Map(),
};

/**
 * Reads YAML (several documents, lists of objects) or JSON. A document that cannot be read becomes a diagnostic with file and
 * line, and the other documents go on.
 */
export function parseManifests(text: string, options: ParseManifestsOptions): Manifests {
  const manifests: Manifest[] = [];
  const diagnostics: Diagnostic[] = [];
  const documents = new Map<string, YamlDocument>();
  for (const part of splitDocuments(text)) {
    const known = documents.get(part.text) ?? options.previous?.documents.get(part.text);
    const document = known ?? parseYaml(part.text);
    documents.set(part.text, document);
    const lineOf = (line: number): number => part.line + line - 1;
    for (const problem of document.problems) {
      const ref = { ...nowhere, file: options.file, line: lineOf(problem.line) };
      const message = `${options.file}:${ref.line}: ${problem.message}`;
      diagnostics.push(diagnostic('invalid_yaml', ref, message));
    }
    for (const item of document.items) {
      const place = { file: options.file, line: lineOf(item.line) };
      const manifest = readManifest(item.raw, place);
      if (manifest === undefined) continue;
      if ('id' in manifest) manifests.push(manifest);
      else diagnostics.push(manifest);
    }
  }
  return { manifests, diagnostics, complete: diagnostics.length === 0, documents };
}

const nowhere: ObjectRef = { kind: '', namespace: '', name: '', file: '', line: 0 };

interface Place {
  readonly file: string;
  readonly line: number;
}

/** The object's name and place; undefined for what the mesh would not read anyway. */
function readManifest(raw: unknown, place: Place): Manifest | Diagnostic | undefined {
  const wrong = (text: string, ref: Partial<ObjectRef> = {}): Diagnostic => {
    const full = { ...nowhere, ...ref, ...place };
    const subject = full.kind === '' ? '' : `${displayName({ ...full, namespace: '' })}`.trim();
    const message = `${place.file}:${place.line}: ${subject === '' ? 'the document' : subject} ${text}`;
    return diagnostic('invalid_manifest', full, message);
  };
  if (!isMap(raw)) return wrong(`is ${describe(raw)}, not a Kubernetes object`);
  const { apiVersion, kind } = raw;
  if (typeof kind !== 'string' || kind === '') return wrong('has no kind');
  if (typeof apiVersion !== 'string' || apiVersion === '')
    return wrong('has no apiVersion', { kind });
  const { group } = splitApiVersion(apiVersion);
  const metadata = isMap(raw['metadata']) ? raw['metadata'] : {};
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') {
    if (kindOf(group, kind).kind === 'ignored') return undefined;
    if (typeof name === 'number')
      return wrong('has a number as metadata.name: put it in quotes', { kind });
    return wrong('has no metadata.name', { kind });
  }
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    return wrong('has a metadata.namespace that is not text: put it in quotes', { kind, name });
  }
  const given =
    namespace === undefined || namespace === null || namespace === '' ? 'default' : namespace;
  const where = isClusterWide(kind) ? '' : given;
  const ref = { kind, namespace: where, name, ...place };
  return { id: `${group}/${kind}/${where}/${name}`, ref, raw };
}
