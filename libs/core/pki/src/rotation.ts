import type { Validity } from './validity.ts';

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
