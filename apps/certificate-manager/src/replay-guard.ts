import type { SignRequest } from '@osm/proto-mesh';
import type { Refusal } from './refusal.ts';

/** Lets every question through once, and only for as long as it is fresh. */
export interface ReplayGuard {
  /** Why the question is not acceptable; nothing is remembered. */
  readonly check: (request: SignRequest, nowMs: number) => Refusal | undefined;
  /** The same, and remembers the question when it is. */
  readonly admit: (request: SignRequest, nowMs: number) => Refusal | undefined;
}

/** How far the clocks of asker and signer may differ. */
const windowMs = 60_000;
/** More than this process can sign in two windows; about 12 MB when full. */
const noncesMax = 100_000;

/** Remembers nonces for as long as their questions are fresh. When it is full it refuses: forgetting one would let a replay in. */
export function createReplayGuard(): ReplayGuard {
  /** When each may be forgotten; the map keeps the order of arrival. */
  const nonces = new Map<string, number>();
  const forget = (nowMs: number): void => {
    for (const [nonce, untilMs] of nonces) {
      if (untilMs > nowMs) return;
      nonces.delete(nonce);
    }
  };
  const check: ReplayGuard['check'] = ({ nonce, askedAtMs }, nowMs) => {
    const skewMs = Math.abs(nowMs - askedAtMs);
    if (!(skewMs <= windowMs)) {
      const message = `the request was made ${Math.round(skewMs / 1000)} s before or after now: set the clocks of both machines`;
      return { code: 'stale', message };
    }
    forget(nowMs);
    if (nonces.has(nonce.toString('base64')))
      return { code: 'replayed', message: 'this request was made before: make a new one' };
    if (nonces.size >= noncesMax)
      return { code: 'not_ready', message: 'too many requests within a minute, try again later' };
    return undefined;
  };
  return {
    check,
    admit: (request, nowMs) => {
      const refusal = check(request, nowMs);
      if (refusal === undefined) nonces.set(request.nonce.toString('base64'), nowMs + 2 * windowMs);
      return refusal;
    },
  };
}
