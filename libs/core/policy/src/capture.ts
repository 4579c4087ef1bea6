import type { Database, Query } from '@osm/incremental';
import { wellKnownServerFirstPorts } from '@osm/model';
import type { CatalogInputs } from './catalog-inputs.ts';
import { captureKey, type CaptureRef } from './keys.ts';
import type { CapturePolicy } from './proxy-policy.ts';

/**
 * How proxies take the connections of their pods. A unit of its own, shared by nearly all workloads: so the switch for egress
 * changes one small unit, not every workload. Nobody waits on the well-known server-first ports: so services on them, the usual ones, change
 * nothing here (a change drains the connections that pass through), and servers outside the mesh are heard at once.
 */
export function createCaptureQuery(
  db: Database,
  inputs: CatalogInputs,
): Query<CaptureRef, CapturePolicy> {
  return db.query<CaptureRef, CapturePolicy>({
    name: 'capture',
    keyText: captureKey,
    compute: (ref, ctx) => ({
      key: captureKey(ref),
      serverFirstPorts: [...wellKnownServerFirstPorts, ...ref.serverFirstPorts].sort(
        (a, b) => a - b,
      ),
      egress: ctx.get(inputs.egress, '') === true,
    }),
  });
}
