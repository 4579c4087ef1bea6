import { resourceTypes, type ResourceType } from '@osm/kubernetes';

/** Policy: kinds of the mesh whose objects have a status. */
export const policyTypes: readonly ResourceType[] = [
  resourceTypes.trafficTarget,
  resourceTypes.httpRouteGroup,
  resourceTypes.tcpRoute,
  resourceTypes.trafficSplit,
];

/** What is read in namespaces of the mesh. */
export const namespacedTypes: readonly ResourceType[] = [
  resourceTypes.serviceAccount,
  resourceTypes.service,
  resourceTypes.pod,
  resourceTypes.endpointSlice,
  ...policyTypes,
];
