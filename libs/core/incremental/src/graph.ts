import { invariant } from '@osm/prelude';

/**
 * Something a query may read: an input value, an index key, or another query's value. There are many of them per object of the
 * mesh, so they are data only; what differs by collection or query is shared.
 */
export type Source = InputSource | Cell;

interface Readable {
  /** Query values computed from this one. Most sources have one reader, and a set costs ten times as much. */
  readers: Cell | Set<Cell> | undefined;
}

/** An input value or an index key, while somebody reads it. */
export interface InputSource extends Readable {
  readonly kind: 'input';
  readonly key: string;
  readonly collection: SourceCollection;
}

/** What input sources belong to. */
export interface SourceCollection {
  /** Forgets the source of a key: nobody reads it any more. */
  readonly unread: (key: string) => void;
}

export type CellState = 'clean' | 'check' | 'dirty' | 'running';

/** One query value: (query, key). */
export interface Cell extends Readable {
  readonly kind: 'cell';
  readonly query: CellQuery;
  state: CellState;
  alive: boolean;
  /** What keeps it wanted apart from its readers: roots and demands. */
  holders: number;
  reads: readonly Source[];
  demands: readonly Cell[];
}

/** What the graph needs to know of a query; called with cells of that query. */
export interface CellQuery {
  /** Computes the value anew; says what it read, and whether the value differs from the last one. */
  readonly evaluate: (cell: Cell) => { readonly recording: Recording; readonly changed: boolean };
  /** Removes the cell from its query. */
  readonly forget: (cell: Cell) => void;
  /** Called when the value changed. */
  readonly changed: (cell: Cell) => void;
}

/** What an evaluation read and demanded, each once, in order. */
export interface Recording {
  readonly reads: readonly Source[];
  readonly demands: readonly Cell[];
}

/** The recording of a cell that has not been evaluated, or is no longer wanted. */
export const nothingRecorded: Recording = { reads: [], demands: [] };

/** The dependency graph: marks what a change may affect, and brings what is wanted up to date. */
export interface Graph {
  /** The source has another value: its readers must run again. */
  readonly invalidate: (source: Source) => void;
  /** Keeps a cell wanted and evaluated without reading it. */
  readonly hold: (cell: Cell) => void;
  readonly release: (cell: Cell) => void;
  /** Makes the cell's value valid now. */
  readonly refresh: (cell: Cell) => void;
  /** Brings all held cells up to date and drops what nobody wants any more. */
  readonly settle: () => void;
  /** Evaluations since the start, for tests and measurements. */
  readonly evaluations: () => number;
}

interface GraphState {
  /** Held cells that may need evaluation, in the order in which that was noticed. */
  readonly stale: Cell[];
  /** Cells that may have become unwanted. */
  readonly unwanted: Cell[];
  evaluations: number;
}

const noCells: readonly Cell[] = [];

/** Creates an empty graph. */
export function createGraph(): Graph {
  const state: GraphState = { stale: [], unwanted: [], evaluations: 0 };
  return {
    invalidate: (source) => invalidate(state, source),
    hold: (cell) => hold(state, cell),
    release: (cell) => release(state, cell),
    refresh: (cell) => refresh(state, cell),
    settle: () => settle(state),
    evaluations: () => state.evaluations,
  };
}

/** Readers of the source become dirty, and all that read them, directly or not, have to check. */
function invalidate({ stale }: GraphState, changed: Source): void {
  const work: Source[] = [changed];
  for (let source = work.pop(); source !== undefined; source = work.pop()) {
    for (const reader of readersOf(source)) {
      const was = reader.state;
      if (source === changed) reader.state = 'dirty';
      else if (was === 'clean') reader.state = 'check';
      if (was !== 'clean') continue;
      if (reader.holders > 0) stale.push(reader);
      work.push(reader);
    }
  }
}

function hold({ stale }: GraphState, cell: Cell): void {
  cell.holders++;
  if (cell.state !== 'clean' && cell.state !== 'running') stale.push(cell);
}

function release({ unwanted }: GraphState, cell: Cell): void {
  cell.holders--;
  if (cell.holders === 0 && cell.readers === undefined) unwanted.push(cell);
}

function refresh(state: GraphState, cell: Cell): void {
  if (cell.state === 'clean') return;
  invariant(cell.state !== 'running', 'a query reads itself');
  if (cell.state === 'check') {
    // In the order of reading: an earlier read that changed may make later ones meaningless.
    for (const source of cell.reads) {
      if (source.kind === 'cell') refresh(state, source);
      if (stateOf(cell) === 'dirty') break;
    }
    if (stateOf(cell) === 'check') {
      cell.state = 'clean';
      return;
    }
  }
  evaluate(state, cell);
}

// Refreshing a source changes the state of its readers behind the type checker's back.
function stateOf(cell: Cell): CellState {
  return cell.state;
}

function evaluate(state: GraphState, cell: Cell): void {
  state.evaluations++;
  cell.state = 'running';
  const { recording, changed } = cell.query.evaluate(cell);
  adopt(state, cell, recording);
  cell.state = 'clean';
  if (!changed) return;
  cell.query.changed(cell);
  for (const reader of readersOf(cell)) if (reader.state === 'check') reader.state = 'dirty';
}

/** Makes the recording the cell's: new edges first, so that nothing is dropped that is still wanted. */
function adopt(state: GraphState, cell: Cell, recording: Recording): void {
  const { reads, demands } = cell;
  cell.reads = recording.reads;
  cell.demands = recording.demands;
  for (const source of missingIn(reads, recording.reads)) addReader(source, cell);
  for (const other of missingIn(demands, recording.demands)) hold(state, other);
  for (const source of missingIn(recording.reads, reads)) stopReading(state, cell, source);
  for (const other of missingIn(recording.demands, demands)) release(state, other);
}

function readersOf({ readers }: Source): Iterable<Cell> {
  if (readers === undefined) return noCells;
  return readers instanceof Set ? readers : [readers];
}

function addReader(source: Source, cell: Cell): void {
  const { readers } = source;
  if (readers === undefined) source.readers = cell;
  else if (readers instanceof Set) readers.add(cell);
  else if (readers !== cell) source.readers = new Set([readers, cell]);
}

function removeReader(source: Source, cell: Cell): void {
  const { readers } = source;
  if (readers instanceof Set) readers.delete(cell);
  if (readers === cell || (readers instanceof Set && readers.size === 0))
    source.readers = undefined;
}

/** Those of `items` that `list` does not have. Mostly the two are the same. */
function missingIn<T>(list: readonly T[], items: readonly T[]): readonly T[] {
  if (list.length === 0) return items;
  if (items.every((item, index) => item === list[index])) return [];
  const known = new Set(list);
  return items.filter((item) => !known.has(item));
}

function stopReading({ unwanted }: GraphState, cell: Cell, source: Source): void {
  removeReader(source, cell);
  if (source.readers !== undefined) return;
  if (source.kind === 'input') source.collection.unread(source.key);
  else if (source.holders === 0) unwanted.push(source);
}

function settle(state: GraphState): void {
  const { stale } = state;
  // The list grows while it is worked off: an evaluation may demand further cells.
  for (let i = 0; i < stale.length; i++) {
    const cell = stale[i];
    if (cell !== undefined && cell.alive && cell.holders > 0) refresh(state, cell);
  }
  stale.length = 0;
  sweep(state);
}

function sweep(state: GraphState): void {
  const { unwanted } = state;
  for (let cell = unwanted.pop(); cell !== undefined; cell = unwanted.pop()) {
    if (!cell.alive || cell.holders > 0 || cell.readers !== undefined) continue;
    cell.alive = false;
    cell.query.forget(cell);
    adopt(state, cell, nothingRecorded);
  }
}
