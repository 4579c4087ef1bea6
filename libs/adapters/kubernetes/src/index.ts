// @osm/kubernetes: the Kubernetes API as the mesh needs it.
//
//   kubeconfig | service account ──> openApiServer ──> ApiServer ──ask──────> JSON
//                                                          │     ──follow───> followResource: list, watch, resume, list again
//                                                          ├───────────────> electLeader: Lease
//                                                          └───────────────> createWebhookConfiguration: keeps caBundle right
//
// Invariants: a follower tells differences only, and holds nothing but versions; errors are MeshErrors with codes; connections
// that are silent too long are given up.
export { openApiServer, type ClusterChoice } from './open-api-server.ts';
export type { ApiRequest, ApiServer } from './api-server.ts';
export {
  apiVersionOf,
  resourcePath,
  type KubernetesObject,
  type ObjectMeta,
  type ResourceType,
} from './resource-type.ts';
export { resourceTypes } from './resource-types.ts';
export { listObjects, type ObjectList, type Selection } from './list-objects.ts';
export type { ResourceEvent } from './told-objects.ts';
export {
  followResource,
  type FollowNote,
  type FollowOptions,
  type ResourceBatch,
  type ResourceFollower,
} from './follow-resource.ts';
export { electLeader, type ElectionOptions, type LeadershipEvent } from './lease.ts';
export {
  createWebhookConfiguration,
  type WebhookConfiguration,
  type WebhookConfigurationOptions,
} from './webhook-configuration.ts';
