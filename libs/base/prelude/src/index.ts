// @osm/prelude: the few things every layer needs. Pure, no dependencies, no I/O.
//
//   Result, Brand, assertNever, invariant, MeshError   shapes and the three kinds of wrong (docs/ARCHITECTURE.md)
//   Clock, Random, pause                               time and chance come in as arguments
//   compareText, sortedBy, hashHex                     determinism
//   createTurns                                        work at the same time, and a bounded line before it
export { assertNever, invariant } from './invariant.ts';
export type { Brand, DeepReadonly } from './brand.ts';
export { err, ok, type Result } from './result.ts';
export { MeshError, type MeshErrorCode } from './mesh-error.ts';
export type { Clock, Random } from './ports.ts';
export { pause } from './pause.ts';
export { compareText, sortedBy } from './order.ts';
export { hashHex } from './hash.ts';
export { createTurns, type Turns } from './turns.ts';
