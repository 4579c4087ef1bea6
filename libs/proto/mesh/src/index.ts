// @osm/proto-mesh: messages of the bus, what the services tell each other. Generated from proto/osm, which documents them.
//
//   proto/osm/** ──npm run generate──> src/gen ──> this list, the whole surface ──> @osm/model (as values), @osm/bus (as bytes)
//
// Invariants: generated code is imported through this file only; a change of a message is additive, since services are deployed one by one.
export {
  CatalogObject,
  Certificate,
  Endpoint,
  EndpointPort,
  EndpointSlice,
  HeaderMatch,
  HttpMatch,
  HttpRouteGroup,
  Injection,
  Interception,
  Label,
  MeshSettings,
  NamedPort,
  Namespace,
  Pod,
  Service,
  ServiceAccount,
  ServiceAccountRef,
  ServicePort,
  Sidecar,
  TcpMatch,
  TcpRoute,
  TrafficSplit,
  TrafficSplitBackend,
  TrafficTarget,
  TrafficTargetRule,
  TrafficTargetRule_Kind,
} from './gen/osm/catalog/v1/catalog.ts';
export { Epoch } from './gen/osm/status/v1/keys.ts';
export {
  Diagnostic,
  Diagnostics,
  ObjectRef,
  ProxyStatus,
  Rejection,
  Severity,
} from './gen/osm/status/v1/status.ts';
export {
  CertificateSubject,
  ControlPlane,
  Issued,
  Proxy,
  Refused,
  SignRequest,
  SignedRequest,
  SignResponse,
  TrustBundle,
  Workload,
} from './gen/osm/trust/v1/trust.ts';
export { Bundle, ProxyAssignment, Resource } from './gen/osm/xds/v1/compiled.ts';
