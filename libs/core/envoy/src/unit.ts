import type { PolicyUnit } from '@osm/policy';
import { emitCapture } from './outbound-capture.ts';
import { emitOutbound } from './outbound.ts';
import type { Emitted } from './part.ts';
import { emitUpstream } from './upstream.ts';
import { emitScope, emitWorkload } from './workload.ts';

/** Any unit as Envoy resources. `previous` is the last result for the same unit: what did not change is taken over from it. */
export function emitUnit(unit: PolicyUnit, previous?: Emitted): Emitted {
  switch (unit.kind) {
    case 'upstream':
      return emitUpstream(unit.policy, previous);
    case 'outbound':
      return emitOutbound(unit.policy, previous);
    case 'scope':
      return emitScope(unit.policy, previous);
    case 'capture':
      return emitCapture(unit.policy, previous);
    case 'workload':
      return emitWorkload(unit.policy, previous);
  }
}
