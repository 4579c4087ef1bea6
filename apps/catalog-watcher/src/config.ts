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
};

export type Config = ConfigOf<typeof flags>;
