import { decodeKey, type ObjectRef } from '@osm/model';
import type { UnitKey } from '@osm/policy';

/** The object that a user would look at to mend a unit. */
export function blamedObject(key: UnitKey): ObjectRef {
  const [kind = '', namespace = '', name = ''] = decodeKey(key);
  const place = { namespace, file: '', line: 0 };
  switch (kind) {
    case 'workload':
      return { kind: 'ServiceAccount', ...place, name };
    case 'capture':
    case 'scope':
      return { kind: 'MeshConfig', ...place, namespace: '', name: 'osm-mesh-config' };
    default:
      // A host of a headless service is written host.service; names of services have no dots.
      return { kind: 'Service', ...place, name: name.slice(name.lastIndexOf('.') + 1) };
  }
}
