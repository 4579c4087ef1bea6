import type { ResourceType } from '@osm/kubernetes';

const type = (
  apiVersion: string,
  kind: string,
  plural: string,
  namespaced = true,
): ResourceType => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, kind, plural, namespaced };
};

/** Says which namespaces are of the mesh. */
export const namespaceType = type('v1', 'Namespace', 'namespaces', false);

/** The mesh's settings; read in the mesh's own namespace only. */
export const meshConfigType = type(
  'config.openservicemesh.io/v1alpha2',
  'MeshConfig',
  'meshconfigs',
);

/** Policy, in the version that the mesh's CRDs store. */
export const policyTypes: readonly ResourceType[] = [
  type('access.smi-spec.io/v1alpha3', 'TrafficTarget', 'traffictargets'),
  type('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'httproutegroups'),
  type('specs.smi-spec.io/v1alpha4', 'TCPRoute', 'tcproutes'),
  type('split.smi-spec.io/v1alpha2', 'TrafficSplit', 'trafficsplits'),
];

/** What is read in namespaces of the mesh. */
export const namespacedTypes: readonly ResourceType[] = [
  type('v1', 'ServiceAccount', 'serviceaccounts'),
  type('v1', 'Service', 'services'),
  type('v1', 'Pod', 'pods'),
  type('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  ...policyTypes,
];
