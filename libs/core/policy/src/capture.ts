import type { Database, Query } from '@osm/incremental';
import type { CatalogInputs } from './catalog-inputs.ts';
import { captureKey, type CaptureRef } from './keys.ts';
import type { CapturePolicy } from './proxy-policy.ts';

/**
 * How proxies take the connections of their pods. A unit of its own, shared by nearly all workloads: so the switch for egress
 * changes one small unit, not every workload.
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
      serverFirstPorts: ref.serverFirstPorts,
      egress: ctx.get(inputs.egress, '') === true,
    }),
  });
}
