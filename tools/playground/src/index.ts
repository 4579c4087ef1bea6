// @osm/playground: a mesh on one Linux machine. The end-to-end tests run it in their own process; people use the commands.
//
//   directory of manifests ──> Playground.start ──> pods in network namespaces, real Envoys, NATS and the five services
//
// Everything ends with `close`, or with the process that started it, however that ends.
export { ensureBinaries, type Binaries } from './binaries.ts';
export { Playground, type PlaygroundOptions } from './playground.ts';
export {
  MeshServices,
  serviceNames,
  type ExistingNats,
  type MeshServicesOptions,
  type ServiceName,
} from './mesh/mesh-services.ts';
export { endOfRun, prepare, startUnlessEnded, type EndOfRun } from './commands/up.ts';
export { execPlan } from './control/control-server.ts';
export type { ExecPlan } from './control/protocol.ts';
export { ManifestSet } from './worlds/manifest-set.ts';
export { makeSelfSigned, writeSelfSigned, type SelfSigned } from './worlds/self-signed.ts';
export { playgroundGround } from './worlds/playground-ground.ts';
export { worldClient, type WorldGround } from './worlds/world-ground.ts';
export { concerns, readDeviations } from './worlds/deviations.ts';
export { readWorld, runWorld, type WorldOptions } from './worlds/world-run.ts';
export type { Deviation, RequestResult, World } from './worlds/world-format.ts';
export { describeResult } from './worlds/outcome.ts';
