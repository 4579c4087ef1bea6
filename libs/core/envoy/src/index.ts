// @osm/envoy: policy units as Envoy resources. Pure: equal units, equal bytes; each resource is encoded exactly once.
//
//   UpstreamPolicy ──emitUpstream──> Cluster, ClusterLoadAssignment ─┐
//   OutboundPolicy ──emitOutbound──> Listener, RouteConfiguration ───┼──> Emitted { bundle, encoded } ──checkBundle──> bus
//   WorkloadPolicy ──emitWorkload──> inbound and 15001 listeners, … ─┘                             └─checkIncludes
//
// Invariants: sorted output; nothing that Envoy has as a default anyway; a resource whose part of the unit did not change is taken over
// from the previous emit; HTTP access lives in routes, so its edits change no listener. Refuses to know Kubernetes, xDS and the bus.
export { emitOutbound } from './outbound.ts';
export { emitUpstream } from './upstream.ts';
export { emitWorkload } from './workload.ts';
export { emitUnit } from './unit.ts';
export type { Emitted } from './part.ts';
export {
  bundleDiagnosticCodes,
  checkBundle,
  checkIncludes,
  claimsOf,
  type BundleProblem,
  type CheckedIncludes,
} from './check.ts';
export { resourceToJson } from './resource-json.ts';
export { certificateProvider } from './names.ts';
