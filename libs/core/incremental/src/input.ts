import { compareText } from '@osm/prelude';
import type { Graph, InputSource, Source, SourceCollection } from './graph.ts';

/** A collection of values set from outside. */
export interface Input<V> {
  readonly name: string;
  /** Sets a value; one that equals the old value changes nothing. */
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
  readonly peek: (key: string) => V | undefined;
  readonly size: () => number;
  /** For the engine: the thing a reader depends on. */
  readonly source: (key: string) => Source;
  /** For the engine: called after each change, with undefined for "not there". */
  readonly observe: (observer: InputObserver<V>) => void;
}

export type InputObserver<V> = (key: string, before: V | undefined, after: V | undefined) => void;

/** The keys of an input's values by what a function derives from them. */
export interface Index {
  readonly name: string;
  /** The keys of the objects under an index key, sorted. */
  readonly peek: (indexKey: string) => readonly string[];
  readonly source: (indexKey: string) => Source;
  /** For the engine: called when an index key gets its first object or loses its last. */
  readonly observe: (observer: (indexKey: string, present: boolean) => void) => void;
  readonly indexKeys: () => Iterable<string>;
}

interface ReadSources {
  readonly of: (key: string) => Source;
  readonly invalidate: (key: string) => void;
}

/** Sources that exist only while somebody reads them. */
function createReadSources(graph: Graph): ReadSources {
  const sources = new Map<string, InputSource>();
  const collection: SourceCollection = { unread: (key) => sources.delete(key) };
  return {
    of: (key) => {
      let source = sources.get(key);
      if (source === undefined) {
        source = { kind: 'input', readers: undefined, key, collection };
        sources.set(key, source);
      }
      return source;
    },
    invalidate: (key) => {
      const source = sources.get(key);
      if (source !== undefined) graph.invalidate(source);
    },
  };
}

/** Creates an input collection of a graph. */
export function createInput<V>(
  graph: Graph,
  name: string,
  equal: (a: V, b: V) => boolean,
): Input<V> {
  const values = new Map<string, V>();
  const sources = createReadSources(graph);
  const observers: InputObserver<V>[] = [];
  const change = (key: string, before: V | undefined, after: V | undefined): void => {
    sources.invalidate(key);
    for (const observer of observers) observer(key, before, after);
  };
  return {
    name,
    set: (key, value) => {
      const before = values.get(key);
      if (before !== undefined && equal(before, value)) return;
      values.set(key, value);
      change(key, before, value);
    },
    delete: (key) => {
      const before = values.get(key);
      if (!values.delete(key)) return;
      change(key, before, undefined);
    },
    peek: (key) => values.get(key),
    size: () => values.size,
    source: sources.of,
    observe: (observer) => {
      observers.push(observer);
      for (const [key, value] of values) observer(key, undefined, value);
    },
  };
}

interface IndexEntry {
  readonly keys: Set<string>;
  /** Made on demand, thrown away on change. */
  sorted: readonly string[] | undefined;
}

const none: readonly string[] = [];

/** Creates an index over an input; `derive` may return the same index key twice. */
export function createIndex<V>(
  graph: Graph,
  name: string,
  input: Input<V>,
  derive: (value: V, key: string) => readonly string[],
): Index {
  const entries = new Map<string, IndexEntry>();
  const sources = createReadSources(graph);
  const observers: ((indexKey: string, present: boolean) => void)[] = [];

  const add = (indexKey: string, key: string): void => {
    let entry = entries.get(indexKey);
    if (entry === undefined) {
      entry = { keys: new Set(), sorted: undefined };
      entries.set(indexKey, entry);
      for (const observer of observers) observer(indexKey, true);
    }
    entry.keys.add(key);
    entry.sorted = undefined;
    sources.invalidate(indexKey);
  };
  const remove = (indexKey: string, key: string): void => {
    const entry = entries.get(indexKey);
    if (entry === undefined) return;
    entry.keys.delete(key);
    entry.sorted = undefined;
    if (entry.keys.size === 0) {
      entries.delete(indexKey);
      for (const observer of observers) observer(indexKey, false);
    }
    sources.invalidate(indexKey);
  };

  input.observe((key, before, after) => {
    const old = new Set(before === undefined ? none : derive(before, key));
    const now = new Set(after === undefined ? none : derive(after, key));
    for (const indexKey of now) if (!old.has(indexKey)) add(indexKey, key);
    for (const indexKey of old) if (!now.has(indexKey)) remove(indexKey, key);
  });
  return {
    name,
    peek: (indexKey) => {
      const entry = entries.get(indexKey);
      if (entry === undefined) return none;
      entry.sorted ??= [...entry.keys].sort(compareText);
      return entry.sorted;
    },
    source: sources.of,
    observe: (observer) => {
      observers.push(observer);
      for (const indexKey of entries.keys()) observer(indexKey, true);
    },
    indexKeys: () => entries.keys(),
  };
}
