import type { Validity } from './validity.ts';

/** What to do about a certificate now. */
export type RotationDecision =
  | { readonly kind: 'keep'; readonly renewAtMs: number }
  | { readonly kind: 'renew' }
  /** It is of no use any more: whoever holds it must not present it. */
  | { readonly kind: 'expired' };

const renewAtShareOfLife = 2 / 3;
const jitterShareOfLifeMax = 1 / 10;

/**
 * When to renew: at two thirds of the life, and up to a tenth of the life earlier by `jitter`, so that certificates issued
 * together are not renewed together. OSM renews at two thirds as well.
 *
 * @param jitter In [0, 1), drawn once per certificate.
 */
export function renewAtMs({ notBeforeMs, notAfterMs }: Validity, jitter: number): number {
  const lifeMs = notAfterMs - notBeforeMs;
  return Math.floor(notBeforeMs + lifeMs * (renewAtShareOfLife - jitterShareOfLifeMax * jitter));
}

/** Decides from times alone: whoever holds the certificate calls again at `renewAtMs`. */
export function decideRotation(
  validity: Validity,
  nowMs: number,
  jitter: number,
): RotationDecision {
  if (nowMs >= validity.notAfterMs) return { kind: 'expired' };
  const at = renewAtMs(validity, jitter);
  return nowMs >= at ? { kind: 'renew' } : { kind: 'keep', renewAtMs: at };
}
