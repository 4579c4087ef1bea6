import type { Index, Input } from './input.ts';
import {
  nothingRecorded,
  type Cell,
  type CellQuery,
  type Graph,
  type Recording,
  type Source,
} from './graph.ts';

/** What a query may read. Whatever it reads here, and nothing else, its value may depend on. */
export interface QueryContext {
  /** The value of an input under this key. */
  readonly get: <V>(input: Input<V>, key: string) => V | undefined;
  /** The keys of the objects under an index key, sorted. */
  readonly keys: (index: Index, indexKey: string) => readonly string[];
  /** The value of another query. */
  readonly read: <K, V>(query: Query<K, V>, key: K) => V;
  /** Asks that this query value exists and is kept up to date, without depending on what it is. */
  readonly demand: <K, V>(query: Query<K, V>, key: K) => void;
}

/** A derived value: its name, and how it follows from what it reads. */
export interface QueryDefinition<K, V> {
  /** For people. */
  readonly name: string;
  /** Pure and total: any key has a value, also one whose objects are gone. */
  readonly compute: (key: K, context: QueryContext) => V;
  /** The text that identifies a key; not needed when keys are texts. */
  readonly keyText?: (key: K) => string;
  /** When a new value counts as the old one; default: structural equality. */
  readonly equal?: (a: V, b: V) => boolean;
}

/** A derived value per key, computed when wanted, kept while wanted. */
export interface Query<K, V> {
  readonly name: string;
  readonly size: () => number;
  /** For the engine. */
  readonly cellOf: (key: K) => QueryCell<K, V>;
  /** For the engine: every change of a value and every disappearance from now on. */
  readonly observe: (observer: (cell: QueryCell<K, V>) => void) => void;
}

export interface QueryCell<K, V> extends Cell {
  readonly key: K;
  readonly text: string;
  /** Valid once evaluated. */
  value: { readonly current: V } | undefined;
}

export interface ResolvedDefinition<K, V> extends QueryDefinition<K, V> {
  readonly keyText: (key: K) => string;
  readonly equal: (a: V, b: V) => boolean;
}

/** Creates a query of a graph. */
export function createQuery<K, V>(graph: Graph, definition: ResolvedDefinition<K, V>): Query<K, V> {
  const cells = new Map<string, QueryCell<K, V>>();
  const observers: ((cell: QueryCell<K, V>) => void)[] = [];
  const notify = (cell: QueryCell<K, V>): void => {
    for (const observer of observers) observer(cell);
  };

  // The graph gives back only cells that were made here.
  const own = (cell: Cell): QueryCell<K, V> => cell as QueryCell<K, V>;
  const query: CellQuery = {
    evaluate: (any) => {
      const cell = own(any);
      const recorder = createRecorder(graph);
      const next = definition.compute(cell.key, recorder.context);
      const { value } = cell;
      const changed = value === undefined || !definition.equal(value.current, next);
      if (changed) cell.value = { current: next };
      return { recording: recorder.recording(), changed };
    },
    forget: (cell) => {
      cells.delete(own(cell).text);
      notify(own(cell));
    },
    changed: (cell) => notify(own(cell)),
  };
  const createCell = (key: K, text: string): QueryCell<K, V> => ({
    kind: 'cell',
    query,
    key,
    text,
    value: undefined,
    state: 'dirty',
    alive: true,
    holders: 0,
    readers: undefined,
    reads: nothingRecorded.reads,
    demands: nothingRecorded.demands,
  });

  return {
    name: definition.name,
    size: () => cells.size,
    cellOf: (key) => {
      const text = definition.keyText(key);
      let cell = cells.get(text);
      if (cell === undefined) {
        cell = createCell(key, text);
        cells.set(text, cell);
      }
      return cell;
    },
    observe: (observer) => {
      observers.push(observer);
    },
  };
}

function createRecorder(graph: Graph): {
  readonly context: QueryContext;
  readonly recording: () => Recording;
} {
  const reads = new Set<Source>();
  let demands: Set<Cell> | undefined;
  return {
    context: {
      get: (input, key) => {
        reads.add(input.source(key));
        return input.peek(key);
      },
      keys: (index, indexKey) => {
        reads.add(index.source(indexKey));
        return index.peek(indexKey);
      },
      read: (query, key) => valueOf(graph, query.cellOf(key), reads),
      demand: (query, key) => {
        demands ??= new Set();
        demands.add(query.cellOf(key));
      },
    },
    recording: () => ({
      reads: [...reads],
      demands: demands === undefined ? nothingRecorded.demands : [...demands],
    }),
  };
}

function valueOf<K, V>(graph: Graph, cell: QueryCell<K, V>, reads: Set<Source>): V {
  graph.refresh(cell);
  reads.add(cell);
  if (cell.value === undefined) throw new Error('invariant violated: a clean cell has a value');
  return cell.value.current;
}
