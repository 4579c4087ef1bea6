import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renewAtMs } from './rotation.ts';
import { chooseValidity, type ValidityRequest } from './validity.ts';

const hourMs = 3_600_000;
const request: ValidityRequest = {
  nowMs: Date.UTC(2030, 0, 1),
  requestedMs: 0,
  defaultMs: 24 * hourMs,
  minMs: 600_000,
  maxMs: 1000 * hourMs,
  issuerNotAfterMs: Date.UTC(2040, 0, 1),
};

function secondsAround(parts: Partial<ValidityRequest>): [before: number, after: number] {
  const { notBeforeMs, notAfterMs } = chooseValidity({ ...request, ...parts });
  return [(request.nowMs - notBeforeMs) / 1000, (notAfterMs - request.nowMs) / 1000];
}

describe('chooseValidity', () => {
  it.each([
    ['the default', {}, 300, 24 * 3600],
    ['what was asked', { requestedMs: 2 * hourMs }, 300, 7200],
    ['the floor', { requestedMs: 1000 }, 60, 600],
    ['seconds, hardly back-dated', { requestedMs: 5000, minMs: 1000 }, 1, 5],
    ['the limit', { requestedMs: 5000 * hourMs }, 300, 1000 * 3600],
    ['no more than the issuer has', { issuerNotAfterMs: request.nowMs + hourMs }, 300, 3600],
  ])('gives %s', (_what, parts, before, after) => {
    expect(secondsAround(parts)).toEqual([before, after]);
  });

  it('is on whole seconds and holds now', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1e12, max: 2e12 }),
        fc.integer({ min: 1, max: 1e10 }),
        (nowMs, requestedMs) => {
          const validity = chooseValidity({ ...request, nowMs, requestedMs, minMs: 1000 });
          expect(validity.notBeforeMs % 1000).toBe(0);
          expect(validity.notAfterMs % 1000).toBe(0);
          expect(validity.notBeforeMs).toBeLessThanOrEqual(nowMs);
          expect(validity.notAfterMs).toBeGreaterThan(nowMs);
        },
      ),
    );
  });
});

describe('renewAtMs', () => {
  const validity = { notBeforeMs: 0, notAfterMs: 300_000 };

  it('spreads renewals over a tenth of the life, never later than two thirds', () => {
    expect(renewAtMs(validity, 0)).toBe(200_000);
    expect(renewAtMs(validity, 0.5)).toBeCloseTo(185_000, -1);
    expect(renewAtMs(validity, 1)).toBeCloseTo(170_000, -1);
  });

  it('leaves time after every issue, also for certificates of seconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5000, max: 1e10 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (asked, jitter) => {
          const issued = chooseValidity({ ...request, requestedMs: asked, minMs: 1000 });
          expect(renewAtMs(issued, jitter)).toBeGreaterThan(request.nowMs);
        },
      ),
    );
  });
});
