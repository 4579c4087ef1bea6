import type { ResourceType } from './resource-type.ts';

const namespaced = (apiVersion: string, kind: string, plural: string): ResourceType => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, kind, plural, namespaced: true };
};
const clusterWide = (apiVersion: string, kind: string, plural: string): ResourceType => ({
  ...namespaced(apiVersion, kind, plural),
  namespaced: false,
});

/** Every type that the mesh reads or writes; of its own kinds the version that the CRDs store. */
export const resourceTypes = {
  namespace: clusterWide('v1', 'Namespace', 'namespaces'),
  pod: namespaced('v1', 'Pod', 'pods'),
  service: namespaced('v1', 'Service', 'services'),
  serviceAccount: namespaced('v1', 'ServiceAccount', 'serviceaccounts'),
  secret: namespaced('v1', 'Secret', 'secrets'),
  endpointSlice: namespaced('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  deployment: namespaced('apps/v1', 'Deployment', 'deployments'),
  job: namespaced('batch/v1', 'Job', 'jobs'),
  configMap: namespaced('v1', 'ConfigMap', 'configmaps'),
  event: namespaced('v1', 'Event', 'events'),
  role: namespaced('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  roleBinding: namespaced('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  clusterRole: clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles'),
  clusterRoleBinding: clusterWide(
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    'clusterrolebindings',
  ),
  lease: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
  customResourceDefinition: clusterWide(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
  ),
  mutatingWebhookConfiguration: clusterWide(
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
  ),
  validatingWebhookConfiguration: clusterWide(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
  ),
  meshConfig: namespaced('config.openservicemesh.io/v1alpha2', 'MeshConfig', 'meshconfigs'),
  meshRootCertificate: namespaced(
    'config.openservicemesh.io/v1alpha2',
    'MeshRootCertificate',
    'meshrootcertificates',
  ),
  extensionService: namespaced(
    'config.openservicemesh.io/v1alpha2',
    'ExtensionService',
    'extensionservices',
  ),
  egress: namespaced('policy.openservicemesh.io/v1alpha1', 'Egress', 'egresses'),
  ingressBackend: namespaced(
    'policy.openservicemesh.io/v1alpha1',
    'IngressBackend',
    'ingressbackends',
  ),
  retry: namespaced('policy.openservicemesh.io/v1alpha1', 'Retry', 'retries'),
  telemetry: namespaced('policy.openservicemesh.io/v1alpha1', 'Telemetry', 'telemetries'),
  upstreamTrafficSetting: namespaced(
    'policy.openservicemesh.io/v1alpha1',
    'UpstreamTrafficSetting',
    'upstreamtrafficsettings',
  ),
  trafficTarget: namespaced('access.smi-spec.io/v1alpha3', 'TrafficTarget', 'traffictargets'),
  httpRouteGroup: namespaced('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'httproutegroups'),
  tcpRoute: namespaced('specs.smi-spec.io/v1alpha4', 'TCPRoute', 'tcproutes'),
  trafficSplit: namespaced('split.smi-spec.io/v1alpha2', 'TrafficSplit', 'trafficsplits'),
} as const;
