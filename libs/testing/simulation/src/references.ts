import { Bundle, ProxyAssignment } from '@osm/proto-mesh';
import type { Journal } from './journal.ts';
import type { Network } from './network.ts';

/** What the buckets say about each other. */
export interface References {
  /** A pod's bundle was written, and nobody has been assigned to it yet. */
  readonly unassigned: () => boolean;
}

/**
 * Watches the buckets themselves: as long as nobody has damaged them, no assignment names a bundle that is not there, and no bundle goes
 * that an assignment names.
 */
export function watchReferences(network: Network, journal: Journal): References {
  const unassigned = new Set<string>();
  const { nats } = network;
  const law = 'what is named is there';
  network.onStored = (bucket, { key, bytes }) => {
    if (key === 'epoch' && bytes !== undefined) network.rolledBack.delete(bucket);
    if (bucket === 'compiled' && key.startsWith('workload.'))
      unassigned[bytes === undefined ? 'delete' : 'add'](key);
    if (bucket === 'workloads' && bytes !== undefined && key !== 'epoch')
      unassigned.delete(ProxyAssignment.decode(bytes).bundle);
    if (network.damaged || key === 'epoch') return;
    if (bucket === 'workloads' && bytes !== undefined) {
      const { bundle } = ProxyAssignment.decode(bytes);
      if (nats.contents('compiled')?.has(bundle) !== true)
        journal.violated(law, `assignment ${key} names ${bundle}, which is not there`);
    }
    if (bucket !== 'compiled') return;
    if (bytes !== undefined) {
      const missing = Bundle.decode(bytes).includes.find(
        (include) => nats.contents('compiled')?.has(include) !== true,
      );
      if (missing !== undefined && network.calm)
        journal.violated(law, `bundle ${key} includes ${missing}, which is not there`);
      return;
    }
    for (const [uuid, entry] of nats.contents('workloads') ?? []) {
      if (uuid === 'epoch' || entry.bytes === undefined) continue;
      if (ProxyAssignment.decode(entry.bytes).bundle === key)
        journal.violated(law, `bundle ${key} went, assignment ${uuid} names it`);
    }
  };
  return { unassigned: () => unassigned.size > 0 };
}
