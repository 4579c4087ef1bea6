// @osm/bus: state and requests between the services of the mesh. The only importer of NATS.
//
//   owner ──own(bucket): set, remove, complete──> stream ──watch(bucket): put, delete, complete──> reader
//   asker ──request(subject)──> one of those who respond
//
// Invariants: a bucket has one owner, which makes it equal to what it wants after whatever happened; nothing on the bus is a source of truth;
// a reader gets differences only, and no deletion that the owner did not mean (docs/ARCHITECTURE.md, "The bus").
export type {
  Asker,
  Bucket,
  Bus,
  Codec,
  LeaseEvent,
  LeaseOptions,
  OwnedTable,
  Subject,
  TableEvent,
  Watch,
  WatchOptions,
} from './bus.ts';
export { buckets } from './buckets.ts';
export { followTrust } from './follow-trust.ts';
export { subjects } from './subjects.ts';
export { createBus, type CreateBusOptions } from './create-bus.ts';
export { createServiceBus, type ServiceBusContext } from './service-bus.ts';
export { freePort } from './free-port.ts';
export {
  startNatsServer,
  findNatsServer,
  type NatsServer,
  type NatsServerOptions,
} from './nats-process.ts';
export { renderNatsConfig, type NatsConfigOptions } from './nats-config.ts';
export {
  createDevelopmentCredentials,
  type DevelopmentCredentials,
} from './development-credentials.ts';
export { serviceNames, type MeshRights, type ServiceRights } from './rights.ts';
