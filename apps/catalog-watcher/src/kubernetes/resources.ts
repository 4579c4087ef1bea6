import { resourceTypes, type ResourceType } from '@osm/kubernetes';

/** Policy of namespaces of the mesh: kinds whose objects have a status. */
export const policyTypes: readonly ResourceType[] = [
  resourceTypes.trafficTarget,
  resourceTypes.httpRouteGroup,
  resourceTypes.tcpRoute,
  resourceTypes.trafficSplit,
  resourceTypes.egress,
  resourceTypes.ingressBackend,
  resourceTypes.retry,
  resourceTypes.telemetry,
  resourceTypes.upstreamTrafficSetting,
  resourceTypes.extensionService,
];

/** What is read in the namespace of the control plane; these have a status, too. */
export const settingTypes: readonly ResourceType[] = [
  resourceTypes.meshConfig,
  resourceTypes.meshRootCertificate,
];

/** What is read in namespaces of the mesh. */
export const namespacedTypes: readonly ResourceType[] = [
  resourceTypes.serviceAccount,
  resourceTypes.service,
  resourceTypes.pod,
  resourceTypes.endpointSlice,
  ...policyTypes,
];
