import type { ResourceType } from '@osm/kubernetes';

const type = (group: string, kind: string, plural: string, namespaced = true): ResourceType => ({
  group,
  version: 'v1',
  kind,
  plural,
  namespaced,
});

export const namespaces = type('', 'Namespace', 'namespaces', false);
export const pods = type('', 'Pod', 'pods');
export const secrets = type('', 'Secret', 'secrets');
export const deployments = type('apps', 'Deployment', 'deployments');
export const definitions = type(
  'apiextensions.k8s.io',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
);
export const mutatingWebhooks = type(
  'admissionregistration.k8s.io',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
  false,
);
export const validatingWebhooks = type(
  'admissionregistration.k8s.io',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
  false,
);
