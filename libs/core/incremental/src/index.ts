// @osm/incremental: values derived from inputs, recomputed in proportion to what changed.
//
//   input ──index──> keys          set/delete ──mark readers──> run() ──> differences of watched queries
//      └────────────┴──> query ──> query ──> watch
//
// A query is a pure, total function of its key and of what it reads through its context; every read is recorded. A change marks
// what may be affected; `run` evaluates the marked values that are wanted, sources first, and stops where a value comes out equal.
// So the result equals a computation from scratch, as long as queries read nothing else. Wanted is what a root or a wanted
// query reads or demands; the rest is dropped. No clock, no I/O; a query that reads itself is a bug and throws.
export {
  createDatabase,
  type Change,
  type Database,
  type DatabaseStats,
  type Watch,
} from './database.ts';
export { deepEqual } from './deep-equal.ts';
export type { Index, Input } from './input.ts';
export type { Query, QueryContext, QueryDefinition } from './query.ts';
