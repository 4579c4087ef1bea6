import { flag, kubeconfigFlag, type ConfigOf } from '@osm/runtime';

/** Flags of this program. */
export const flags = {
  meshNamespace: flag.text('Namespace of the control plane', { default: 'osm-system' }),
  meshName: flag.text('Name of the mesh, for labels', { default: 'osm' }),
  kubeconfig: kubeconfigFlag,
  crds: flag.text('Directory of CustomResourceDefinitions to apply; none: they are left alone', {
    placeholder: 'DIR',
    default: '',
  }),
  presetMeshConfig: flag.text('File with the spec of a MeshConfig for a mesh that has none, JSON', {
    placeholder: 'FILE',
    default: '',
  }),
  caBundleSecret: flag.text('Secret of the root of the mesh; empty: another issuer has it', {
    default: 'osm-ca-bundle',
  }),
  nats: flag.boolean('Make keys and certificates of a NATS of our own', { default: 'true' }),
  natsHost: flag.text('Service of that NATS, in the namespace of the control plane', {
    default: 'osm-nats',
  }),
  natsReplicas: flag.integer('Its servers', { default: '1' }),
  busStep: flag.choice(
    'Keys of the bus: create what is missing, rotate to new ones, or retire the old ones',
    ['create', 'rotate', 'retire'],
    { default: 'create' },
  ),
  reloadNats: flag.text(
    'Do nothing but stand beside a NATS server, and have it read its files in this directory when they change',
    { placeholder: 'DIR', default: '' },
  ),
};

export type Config = ConfigOf<typeof flags>;
