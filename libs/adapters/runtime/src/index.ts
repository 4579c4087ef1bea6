// @osm/runtime: the life of a service. Environment and flags become a typed config; signals, readiness, health, metrics and
// version endpoints, and an ordered end are the same for all services.
//
//   argv, env ──parseFlags──> config ──runService──> start(context) until SIGTERM aborts context.signal
export {
  busFlags,
  describeFlags,
  flag,
  parseFlags,
  type ConfigOf,
  type FlagSet,
  type FlagSpec,
} from './flags.ts';
export { kubeconfigFlag } from './kubeconfig-flag.ts';
export { trustDomainFlag } from './trust-domain-flag.ts';
export { runService, type ServiceContext, type ServiceDefinition } from './service.ts';
export { createReadiness, type Gate, type Readiness } from './readiness.ts';
export type { HttpHandler, HttpReply, HttpRoutes } from './http-server.ts';
export { versionInfo } from './version.ts';
export { systemClock } from './system-clock.ts';
