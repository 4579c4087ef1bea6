import { invariant } from '@osm/prelude';

/** Something a query may read: an input value, an index key, or another query's value. */
export interface Source {
  /** Query values computed from this one. */
  readonly readers: Set<Cell>;
  /** Set for query values only. */
  readonly cell: Cell | undefined;
  /** Forgets bookkeeping that exists only for readers. */
  readonly unread: () => void;
}

export type CellState = 'clean' | 'check' | 'dirty' | 'running';

/** One query value: (query, key). */
export interface Cell extends Source {
  /** Computes the value anew; says what it read, and whether the value differs from the last one. */
  readonly evaluate: () => { readonly recording: Recording; readonly changed: boolean };
  /** Removes the cell from its query. */
  readonly forget: () => void;
  /** Called when the value changed. */
  readonly changed: () => void;
  state: CellState;
  alive: boolean;
  /** What keeps it wanted apart from its readers: roots and demands. */
  holders: number;
  reads: ReadonlySet<Source>;
  demands: ReadonlySet<Cell>;
}

/** What an evaluation read and demanded, in order. */
export interface Recording {
  readonly reads: ReadonlySet<Source>;
  readonly demands: ReadonlySet<Cell>;
}

/** The recording of a cell that has not been evaluated, or is no longer wanted. */
export const nothingRecorded: Recording = { reads: new Set(), demands: new Set() };

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
    for (const reader of source.readers) {
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
  if (cell.holders === 0 && cell.readers.size === 0) unwanted.push(cell);
}

function refresh(state: GraphState, cell: Cell): void {
  if (cell.state === 'clean') return;
  invariant(cell.state !== 'running', 'a query reads itself');
  if (cell.state === 'check') {
    // In the order of reading: an earlier read that changed may make later ones meaningless.
    for (const source of cell.reads) {
      if (source.cell !== undefined) refresh(state, source.cell);
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
  const { recording, changed } = cell.evaluate();
  adopt(state, cell, recording);
  cell.state = 'clean';
  if (!changed) return;
  cell.changed();
  for (const reader of cell.readers) if (reader.state === 'check') reader.state = 'dirty';
}

/** Makes the recording the cell's: new edges first, so that nothing is dropped that is still wanted. */
function adopt(state: GraphState, cell: Cell, recording: Recording): void {
  const { reads, demands } = cell;
  cell.reads = recording.reads;
  cell.demands = recording.demands;
  for (const source of recording.reads) if (!reads.has(source)) source.readers.add(cell);
  for (const other of recording.demands) if (!demands.has(other)) hold(state, other);
  for (const source of reads) if (!recording.reads.has(source)) stopReading(state, cell, source);
  for (const other of demands) if (!recording.demands.has(other)) release(state, other);
}

function stopReading({ unwanted }: GraphState, cell: Cell, source: Source): void {
  source.readers.delete(cell);
  if (source.readers.size > 0) return;
  if (source.cell === undefined) source.unread();
  else if (source.cell.holders === 0) unwanted.push(source.cell);
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
    if (!cell.alive || cell.holders > 0 || cell.readers.size > 0) continue;
    cell.alive = false;
    cell.forget();
    adopt(state, cell, nothingRecorded);
  }
}
