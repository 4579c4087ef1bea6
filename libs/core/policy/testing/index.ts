// @osm/policy/testing: meshes for specs and measurements. Not for production code.
export {
  endpoints,
  namespace,
  pod,
  routeGroup,
  service,
  serviceAccount,
  settings,
  target,
  tcpRoute,
  trafficSplit,
  type EndpointsFields,
  type MatchFields,
  type PodFields,
  type PortText,
  type ServiceFields,
  type TargetFields,
} from './builders.ts';
export { largeMesh, type LargeMeshShape } from './large-mesh.ts';
export {
  applyPolicyDifference,
  compileMesh,
  emptyPolicyState,
  includesOf,
  put,
  remove,
  type CompiledMesh,
  type PolicyState,
} from './policy-state.ts';
export { anyChanges, anyMesh, anyObject } from './random-mesh.ts';
