// @osm/resources: from what a user writes to the catalog. Kubernetes, SMI and OSM objects come in as text or as unknown JSON,
// and go out as catalog values with diagnostics; nothing here is thrown at a user's mistake, and one object's mistake
// never hurts another one.
//
//   text ──parseManifests──> manifests ──ManifestLayers──> object changes ──MeshCatalog──> catalog changes
//                                                               │ parseObject: one object, every field checked
//   parseMesh: all of it in one go, for tests and tools
//
// Invariants: equal input gives equal values (lists sorted, absent fields filled with what they mean); only fields that can reach a
// proxy or a pod are kept; an object with an error is refused as a whole, as an API server would do, while an unusable part
// (a regular expression, a source without namespace) is left out alone.
export { parseManifests, noManifests } from './manifests.ts';
export type { Manifest, Manifests, ParseManifestsOptions } from './manifests.ts';
export { parseObject, type ParsedObject } from './parse-object.ts';
export type { MeshScope } from './mesh-scope.ts';
export {
  createManifestLayers,
  type LayerDelta,
  type LayerFile,
  type ManifestLayers,
} from './manifest-layers.ts';
export {
  createMeshCatalog,
  type CatalogChange,
  type CatalogDelta,
  type MeshCatalog,
  type ObjectChange,
} from './mesh-catalog.ts';
export { parseMesh, sortDiagnostics, type ParsedMesh } from './parse-mesh.ts';
export { resourceDiagnosticCodes, type ResourceDiagnosticCode } from './diagnostic-codes.ts';
export type { ServiceProtocol } from './kinds/service-protocol.ts';
export { diagnostic, displayName } from './object-ref.ts';
export { goDurationMs } from './fields/duration.ts';
export { sameValue } from './same-value.ts';
