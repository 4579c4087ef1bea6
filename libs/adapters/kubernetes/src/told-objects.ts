import type { ObjectList } from './list-objects.ts';
import type { KubernetesObject } from './resource-type.ts';

/** What became of the objects of one type. */
export type ResourceEvent =
  | { readonly kind: 'put'; readonly object: KubernetesObject }
  | { readonly kind: 'delete'; readonly namespace: string; readonly name: string };

/**
 * What was told about the objects of one type: their versions, nothing else. Turns lists and single events into differences, and merges a
 * namespace that is listed on its own into the stream of all namespaces, whichever of the two comes first.
 */
export interface ToldObjects {
  /** A complete list of all namespaces. */
  readonly list: (list: ObjectList) => readonly ResourceEvent[];
  readonly put: (object: KubernetesObject) => readonly ResourceEvent[];
  readonly delete: (object: KubernetesObject) => readonly ResourceEvent[];
  /** From now on deletions in the namespace are remembered until `join`, because its list may be older than they are. */
  readonly expect: (namespace: string) => Expectation;
  readonly join: (expectation: Expectation, list: ObjectList) => readonly ResourceEvent[];
  readonly leave: (namespace: string) => readonly ResourceEvent[];
  /** No such type any more: all are gone. */
  readonly clear: () => readonly ResourceEvent[];
  readonly size: () => number;
}

/** A namespace whose list is awaited, and the names that were deleted in it meanwhile. */
export interface Expectation {
  readonly namespace: string;
  readonly deleted: Set<string>;
}

interface State {
  /** Version by name, by namespace ('' for objects without one). */
  readonly versions: Map<string, Map<string, string>>;
  readonly expected: Map<string, Expectation>;
  /** The stream tells nothing new about a namespace up to the version of its own list. */
  readonly listedAt: Map<string, string>;
  readonly accept: (object: KubernetesObject) => boolean;
}

/** Starts with nothing told. Of objects that are not accepted nothing is kept. */
export function createToldObjects(accept: (object: KubernetesObject) => boolean): ToldObjects {
  const state: State = { versions: new Map(), expected: new Map(), listedAt: new Map(), accept };
  return {
    list: (list) => applyList(state, list),
    put: (object) => applyPut(state, object),
    delete: (object) => applyDelete(state, object),
    expect: (namespace) => {
      const expectation = { namespace, deleted: new Set<string>() };
      state.expected.set(namespace, expectation);
      return expectation;
    },
    join: (expectation, list) => join(state, expectation, list),
    leave: (namespace) => {
      state.expected.delete(namespace);
      state.listedAt.delete(namespace);
      return forget(state, namespace);
    },
    clear: () => [...state.versions.keys()].flatMap((namespace) => forget(state, namespace)),
    size: () => [...state.versions.values()].reduce((sum, names) => sum + names.size, 0),
  };
}

function applyList(state: State, { objects, resourceVersion }: ObjectList): ResourceEvent[] {
  const events: ResourceEvent[] = [];
  const seen = new Map<string, Set<string>>();
  for (const object of objects) {
    if (!state.accept(object)) continue;
    const namespace = namespaceOf(object);
    const names = seen.get(namespace) ?? new Set();
    seen.set(namespace, names.add(object.metadata.name));
    if (keep(state, object)) events.push({ kind: 'put', object });
  }
  for (const [namespace, names] of state.versions) {
    if (isOlder(resourceVersion, state.listedAt.get(namespace))) continue;
    for (const name of names.keys()) {
      if (seen.get(namespace)?.has(name) === true) continue;
      drop(state, namespace, name);
      events.push({ kind: 'delete', namespace, name });
    }
  }
  return events;
}

function applyPut(state: State, object: KubernetesObject): ResourceEvent[] {
  if (!state.accept(object)) return applyDelete(state, object);
  if (isKnown(state, object)) return [];
  return keep(state, object) ? [{ kind: 'put', object }] : [];
}

function applyDelete(state: State, object: KubernetesObject): ResourceEvent[] {
  if (isKnown(state, object)) return [];
  const namespace = namespaceOf(object);
  const { name } = object.metadata;
  state.expected.get(namespace)?.deleted.add(name);
  return drop(state, namespace, name) ? [{ kind: 'delete', namespace, name }] : [];
}

function join(state: State, expectation: Expectation, list: ObjectList): ResourceEvent[] {
  const { namespace, deleted } = expectation;
  // It left again while it was listed.
  if (state.expected.get(namespace) !== expectation) return [];
  state.expected.delete(namespace);
  state.listedAt.set(namespace, list.resourceVersion);
  return list.objects
    .filter((object) => !deleted.has(object.metadata.name) && state.accept(object))
    .filter((object) => keep(state, object))
    .map((object) => ({ kind: 'put', object }));
}

/** Notes the version; false when that version or a newer one was told. */
function keep({ versions }: State, { metadata }: KubernetesObject): boolean {
  const namespace = metadata.namespace ?? '';
  const names = versions.get(namespace) ?? new Map<string, string>();
  versions.set(namespace, names);
  const version = metadata.resourceVersion ?? '';
  const before = names.get(metadata.name);
  if (before === version || isOlder(version, before)) return false;
  names.set(metadata.name, version);
  return true;
}

function drop({ versions }: State, namespace: string, name: string): boolean {
  const names = versions.get(namespace);
  const there = names?.delete(name) ?? false;
  if (names?.size === 0) versions.delete(namespace);
  return there;
}

function forget({ versions }: State, namespace: string): ResourceEvent[] {
  const names = [...(versions.get(namespace)?.keys() ?? [])];
  versions.delete(namespace);
  return names.map((name) => ({ kind: 'delete', namespace, name }));
}

/** The list of its namespace has shown this already. */
function isKnown({ listedAt }: State, object: KubernetesObject): boolean {
  const since = listedAt.get(namespaceOf(object));
  const version = object.metadata.resourceVersion ?? '';
  return since !== undefined && (version === since || isOlder(version, since));
}

function namespaceOf({ metadata }: KubernetesObject): string {
  return metadata.namespace ?? '';
}

/** Resource versions are numbers that grow over all objects of a type (Kubernetes API concepts, resource versions). */
function isOlder(version: string, than: string | undefined): boolean {
  if (than === undefined || !/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return BigInt(version) < BigInt(than);
}
