import { resourceTypes, type ResourceType, type Selection } from '@osm/kubernetes';

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

/** What the API server need not even send: pods without a proxy, or whose work is done, mean nothing to the mesh. */
export const selections: ReadonlyMap<ResourceType, Selection> = new Map([
  [
    resourceTypes.pod,
    {
      labelSelector: 'osm-proxy-uuid',
      fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
    },
  ],
]);
