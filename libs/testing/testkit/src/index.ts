// @osm/testkit: what specs of all layers share. Imports nothing of the mesh but the prelude.
//
//   createFakeClock ── time that moves only when told      createSeededRandom ── chance that repeats
//   validateBootstrap ── what the real Envoy says
export { findEnvoy, validateBootstrap } from './envoy-binary.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { createSeededRandom } from './seeded-random.ts';
