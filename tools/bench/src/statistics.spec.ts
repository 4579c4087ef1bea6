import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile, summarise } from './statistics.ts';

describe('percentile', () => {
  it('is the nearest rank', () => {
    const values = [15, 20, 35, 40, 50];
    expect(percentile(values, 5)).toBe(15);
    expect(percentile(values, 30)).toBe(20);
    expect(percentile(values, 40)).toBe(20);
    expect(percentile(values, 50)).toBe(35);
    expect(percentile(values, 100)).toBe(50);
  });

  it('takes the 99th of a hundred, and the worst of fewer', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile(hundred.slice(0, 50), 99)).toBe(50);
  });

  it('orders numbers as numbers, and leaves the input alone', () => {
    const values = [100, 9, 20];
    expect(summarise(values)).toEqual({ count: 3, p50: 20, p99: 100, max: 100 });
    expect(values).toEqual([100, 9, 20]);
  });

  it('is not a number without measurements', () => {
    expect(percentile([], 99)).toBeNaN();
  });

  it('has at least that share at or below it, and less strictly below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const at = percentile(values, percent);
          const share = (test: (value: number) => boolean): number =>
            (100 * values.filter(test).length) / values.length;
          expect(share((value) => value <= at)).toBeGreaterThanOrEqual(percent);
          expect(share((value) => value < at)).toBeLessThan(percent);
        },
      ),
    );
  });
});
