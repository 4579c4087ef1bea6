import type { TrustBundle } from '@osm/proto-mesh';
import { buckets } from './buckets.ts';
import type { Bus } from './bus.ts';

/** Calls back with the trust bundle, now and whenever it changes, until the signal. */
export async function followTrust(
  bus: Bus,
  signal: AbortSignal,
  onBundle: (bundle: TrustBundle) => void,
): Promise<void> {
  for await (const events of bus.watch(buckets.trust, { signal }))
    for (const event of events)
      if (event.kind === 'put' && event.key === 'bundle') onBundle(event.value);
}
