import type { PolicyUnit } from '@osm/policy';
import { emitCapture } from './outbound-capture.ts';
import { emitOutbound } from './outbound.ts';
import type { Emitted } from './part.ts';
import { emitProxylessOutbound } from './proxyless/outbound.ts';
import { emitProxylessUpstream } from './proxyless/upstream.ts';
import { emitProxylessWorkload } from './proxyless/workload.ts';
import { emitUpstream } from './upstream.ts';
import { emitScope, emitWorkload } from './workload.ts';

/** Any unit as Envoy resources. `previous` is the last result for the same unit: what did not change is taken over from it. */
export function emitUnit(unit: PolicyUnit, previous?: Emitted): Emitted {
  switch (unit.kind) {
    case 'upstream':
      return unit.policy.dialect === 'proxyless'
        ? emitProxylessUpstream(unit.policy, previous)
        : emitUpstream(unit.policy, previous);
    case 'outbound':
      return unit.policy.dialect === 'proxyless'
        ? emitProxylessOutbound(unit.policy, previous)
        : emitOutbound(unit.policy, previous);
    case 'scope':
      return emitScope(unit.policy, previous);
    case 'capture':
      return emitCapture(unit.policy, previous);
    case 'workload':
      return unit.policy.dialect === 'proxyless'
        ? emitProxylessWorkload(unit.policy, previous)
        : emitWorkload(unit.policy, previous);
  }
}
