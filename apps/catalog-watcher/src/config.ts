import { err, ok } from '@osm/prelude';
import { busFlags, flag, trustDomainFlag, type ConfigOf, type FlagSpec } from '@osm/runtime';

const directories: FlagSpec<readonly string[]> = {
  ...flag.texts(
    'Directory of manifests; repeat it for layers, where an object in a later one replaces the same object of an earlier one',
    { placeholder: 'DIR[,DIR...]' },
  ),
  parse: (text) => {
    const list = text.split(',').filter((item) => item !== '');
    return list.length > 0 ? ok(list) : err('must name a directory');
  },
};

/** Flags of this service. */
export const flags = {
  ...busFlags,
  source: flag.choice('Where the objects come from', ['directory'], { default: 'directory' }),
  directory: directories,
  meshName: flag.text('Name of the mesh: the value of the label openservicemesh.io/monitored-by', {
    default: 'osm',
  }),
  meshNamespace: flag.text('Namespace of MeshConfig osm-mesh-config', { default: 'osm-system' }),
  trustDomain: trustDomainFlag,
};

export type Config = ConfigOf<typeof flags>;
