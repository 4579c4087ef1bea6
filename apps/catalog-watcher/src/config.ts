import { busFlags, flag, trustDomainFlag, kubeconfigFlag, type ConfigOf } from '@osm/runtime';

/** Flags of this service. */
export const flags = {
  ...busFlags,
  directory: flag.texts(
    'Directory of manifests to read instead of the Kubernetes API; repeat it for layers, where an object in a later one replaces the same object of an earlier one',
    { placeholder: 'DIR[,DIR...]', default: '' },
  ),
  kubeconfig: kubeconfigFlag,
  meshName: flag.text('Name of the mesh: the value of the label openservicemesh.io/monitored-by', {
    default: 'osm',
  }),
  meshNamespace: flag.text('Namespace of MeshConfig osm-mesh-config', { default: 'osm-system' }),
  trustDomain: trustDomainFlag,
  validatorConfigName: flag.text(
    'ValidatingWebhookConfiguration whose caBundle to keep right; without one nothing is validated',
    { default: '' },
  ),
  validatorPort: flag.port('Port of the validating webhook, path /validate', { default: '9093' }),
  validatorHost: flag.text('Address of the validating webhook', { default: '0.0.0.0' }),
};

export type Config = ConfigOf<typeof flags>;
