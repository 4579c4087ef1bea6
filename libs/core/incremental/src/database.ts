import { compareText } from '@osm/prelude';
import { deepEqual } from './deep-equal.ts';
import { createGraph } from './graph.ts';
import { createIndex, createInput, type Index, type Input } from './input.ts';
import { createQuery, type Query, type QueryCell, type QueryDefinition } from './query.ts';

/** One difference in a watched query. A value of undefined counts as none. */
export type Change<K, V> =
  | { readonly kind: 'put'; readonly key: K; readonly value: Exclude<V, undefined> }
  | { readonly kind: 'delete'; readonly key: K };

/** A query whose values the caller wants to hear about. */
export interface Watch<K, V> {
  /** Differences since the last call, sorted by key text. Call after `run`. */
  readonly take: () => readonly Change<K, V>[];
  /** The present values, unsorted. */
  readonly values: () => Iterable<Exclude<V, undefined>>;
}

/** What a database has done, for metrics and laws. */
export interface DatabaseStats {
  /** Query values computed since the start. */
  readonly evaluations: number;
}

/** Inputs, indexes and queries that belong together. */
export interface Database {
  readonly input: <V>(name: string, equal?: (a: V, b: V) => boolean) => Input<V>;
  readonly index: <V>(
    name: string,
    input: Input<V>,
    derive: (value: V, key: string) => readonly string[],
  ) => Index;
  readonly query: <K, V>(definition: QueryDefinition<K, V>) => Query<K, V>;
  /** Wants the query's value for every key of the input, always. */
  readonly rootPerKey: <V, W>(input: Input<V>, query: Query<string, W>) => void;
  /** Wants the query's value for every index key that has objects, always. */
  readonly rootPerIndexKey: <W>(index: Index, query: Query<string, W>) => void;
  /** Wants this one value, always. */
  readonly root: <K, V>(query: Query<K, V>, key: K) => void;
  /** Reports the differences of all wanted values of a query. Declare before the first `run`. */
  readonly watch: <K, V>(query: Query<K, V>) => Watch<K, V>;
  /** Brings everything wanted up to date. Not from inside a query. */
  readonly run: () => void;
  readonly stats: () => DatabaseStats;
}

/** Creates an empty database. */
export function createDatabase(): Database {
  const graph = createGraph();
  return {
    input: (name, equal = deepEqual) => createInput(graph, name, equal),
    index: (name, input, derive) => createIndex(graph, name, input, derive),
    query: (definition) =>
      createQuery(graph, {
        keyText: textItself,
        equal: deepEqual,
        ...definition,
      }),
    rootPerKey: (input, query) => {
      input.observe((key, before, after) => {
        if (before === undefined) graph.hold(query.cellOf(key));
        if (after === undefined) graph.release(query.cellOf(key));
      });
    },
    rootPerIndexKey: (index, query) => {
      index.observe((indexKey, present) => {
        if (present) graph.hold(query.cellOf(indexKey));
        else graph.release(query.cellOf(indexKey));
      });
    },
    root: (query, key) => graph.hold(query.cellOf(key)),
    watch: createWatch,
    run: graph.settle,
    stats: () => ({ evaluations: graph.evaluations() }),
  };
}

function textItself(key: unknown): string {
  if (typeof key === 'string') return key;
  throw new Error('invariant violated: a query with keys that are not texts needs keyText');
}

function createWatch<K, V>(query: Query<K, V>): Watch<K, V> {
  const touched = new Set<QueryCell<K, V>>();
  /** What the caller knows, by key text. */
  const reported = new Map<string, Exclude<V, undefined>>();
  query.observe((cell) => touched.add(cell));
  const difference = ({ key, text, value, alive }: QueryCell<K, V>): Change<K, V> | undefined => {
    if (!alive || !hasValue(value)) {
      return reported.delete(text) ? { kind: 'delete', key } : undefined;
    }
    if (reported.get(text) === value.current) return undefined;
    reported.set(text, value.current);
    return { kind: 'put', key, value: value.current };
  };
  return {
    take: () => {
      // A cell that was dropped and made again counts by its last life.
      const latest = new Map<string, QueryCell<K, V>>();
      for (const cell of touched)
        if (cell.alive || !latest.has(cell.text)) latest.set(cell.text, cell);
      touched.clear();
      return [...latest.values()]
        .sort((a, b) => compareText(a.text, b.text))
        .map(difference)
        .filter((change) => change !== undefined);
    },
    values: () => reported.values(),
  };
}

function hasValue<V>(
  value: { readonly current: V } | undefined,
): value is { readonly current: Exclude<V, undefined> } {
  return value?.current !== undefined;
}
