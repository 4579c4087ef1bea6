import { err, ok, type Result } from '@osm/prelude';
import { isMap, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { isObject, type JsonObject } from './json.ts';

/** One object of a manifest file, as a user would `kubectl apply` it. */
export interface Manifest {
  readonly kind: string;
  /** Empty for kinds that have none. */
  readonly namespace: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly file: string;
  /** 1-based line of the object's first key. */
  readonly line: number;
}

/** Something the user has to put right: where, and what. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface ManifestFile {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

const clusterWide = new Set(['Namespace']);

/** Reads the documents of a YAML or JSON file. A bad document is a problem, the others are read. */
export function parseManifestFile(file: string, text: string): ManifestFile {
  const lines = new LineCounter();
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  // With strings kept as they are quoted; merge keys (<<) as kubectl has them.
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
  });
  for (const document of Array.isArray(documents) ? documents : []) {
    const problem = document.errors[0];
    if (problem !== undefined) {
      problems.push({ file, line: lines.linePos(problem.pos[0]).line, message: problem.message });
      continue;
    }
    const line = firstLine(document, lines);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    for (const item of listItems(value)) {
      const manifest = readManifest(item);
      if (manifest.kind === 'ok') manifests.push({ ...manifest.value, file, line });
      else problems.push({ file, line, message: manifest.error });
    }
  }
  return { manifests, problems };
}

function firstLine(document: Document, lines: LineCounter): number {
  const start = isMap(document.contents)
    ? document.contents.range?.[0]
    : document.contents?.range?.[0];
  return lines.linePos(start ?? document.range?.[0] ?? 0).line;
}

function listItems(value: unknown): unknown[] {
  return isObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])
    ? [...value['items']]
    : [value];
}

function readManifest(value: unknown): Result<Omit<Manifest, 'file' | 'line'>, string> {
  if (!isObject(value))
    return err('not a Kubernetes object: a map with apiVersion, kind and metadata is wanted');
  const { kind, apiVersion, metadata } = value;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    return err('not a Kubernetes object: apiVersion and kind are missing');
  }
  const name = isObject(metadata) ? metadata['name'] : undefined;
  if (!isObject(metadata) || typeof name !== 'string' || name === '') {
    return err(`${kind}: metadata.name is missing`);
  }
  if (clusterWide.has(kind)) return ok({ kind, namespace: '', name, body: value });
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default';
  return ok({ kind, namespace, name, body: { ...value, metadata: { ...metadata, namespace } } });
}
