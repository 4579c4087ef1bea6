// @osm/model: the mesh as values. The shapes are those of the catalog (proto/osm/catalog/v1), read-only here; this package
// adds identity, keys, principals and domains: everything that has exactly one spelling in the whole project.
//
//   catalog objects ──> objectKey ──> bus key        identity ──> principal (DNS SAN), SPIFFE id
//   service, port ───> fully qualified name, domains
export type {
  CatalogValue,
  Certificate,
  Endpoint,
  EndpointSlice,
  HeaderMatch,
  HttpMatch,
  HttpRouteGroup,
  Interception,
  Label,
  MeshSettings,
  Namespace,
  Pod,
  Service,
  ServiceAccount,
  ServicePort,
  Sidecar,
  TcpRoute,
  TrafficSplit,
  TrafficTarget,
} from './objects.ts';
export { objectKey, type CatalogKind } from './objects.ts';
export { decodeKey, encodeKey } from './keys.ts';
export {
  formatIdentity,
  parseIdentity,
  principalOf,
  spiffeIdOf,
  trustDomainProblem,
  type Identity,
  type IdentityText,
} from './identity.ts';
export { serviceDomains, serviceFqdn, type ServiceRef } from './service-names.ts';
export { wellKnownServerFirstPorts } from './server-first-ports.ts';
export { severityOf, type Diagnostic, type DiagnosticCode, type ObjectRef } from './diagnostics.ts';
export { defaultMeshSettings, type CompleteMeshSettings } from './mesh-settings.ts';
