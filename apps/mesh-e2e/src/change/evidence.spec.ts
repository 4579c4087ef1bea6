import { createSeededRandom } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import { planEdits, watched } from './change-plan.ts';
import { absencesOf, delaysOf, describeDelays, endpointAbsences, tooLong } from './evidence.ts';

const pods = ['a', 'b', 'c'].map((pod, index) => ({ pod, ip: `10.0.0.${index}` }));
const plan = (seed: number) => planEdits({ count: 1000, random: createSeededRandom(seed), pods });
const made = plan(1).map((edit, index) => ({ ...edit, atMs: index * 10 }));

describe('the plan', () => {
  it('is the same for the same seed, another for another', () => {
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('takes each of what is measured away fifty times, and TCP once', () => {
    expect(absencesOf(made, watched.whole, 10_000)).toHaveLength(50);
    expect(absencesOf(made, watched.path, 10_000)).toHaveLength(50);
    expect(endpointAbsences(made, watched.pool, 10_000)).toHaveLength(50);
    expect(absencesOf(made, watched.tcp, 10_000)).toEqual([{ fromMs: 1010, untilMs: 10_000 }]);
  });
});

describe('the delay of a removal', () => {
  const removals = [{ fromMs: 1000, untilMs: 2000 }];
  const limitMs = 200;

  it('lasts until the last use; what came before, or when it was back, does not count', () => {
    const delays = (...uses: readonly number[]) =>
      delaysOf(removals, { uses, stalls: [], limitMs });
    const ran = { isStalled: false };
    expect(delays(900, 1100, 1350, 2000, 2500)).toEqual([
      { measuredMs: 350, correctedMs: 350, ...ran },
    ]);
    expect(delays(900, 2500)).toEqual([{ measuredMs: 0, correctedMs: 0, ...ran }]);
    expect(tooLong(delays(1350), limitMs)).toHaveLength(1);
    expect(tooLong(delays(1150), limitMs)).toEqual([]);
  });

  it('is shorter by the part of a stall that lies in it', () => {
    const stalls = [
      [950, 1050],
      [1300, 1800],
    ] as const;
    expect(delaysOf(removals, { uses: [1350], stalls, limitMs })).toEqual([
      { measuredMs: 350, correctedMs: 250, isStalled: false },
    ]);
  });

  it("is nobody's fault when the machine was stalled for most of it", () => {
    const stalls = [[1000, 1500]] as const;
    const delays = delaysOf(removals, { uses: [1900], stalls, limitMs });
    expect(delays).toEqual([{ measuredMs: 900, correctedMs: 400, isStalled: true }]);
    expect(tooLong(delays, limitMs)).toEqual([]);
    expect(tooLong(delays, 70)).toEqual(delays);
    const busy = delaysOf(removals, { uses: [1900], stalls: [], busy: stalls, limitMs });
    expect(busy).toEqual([{ measuredMs: 900, correctedMs: 900, isStalled: true }]);
  });

  it('is told with how many were too long', () => {
    const delays = [100, 300].map((ms) => ({
      measuredMs: ms,
      correctedMs: ms - 50,
      isStalled: ms === 100,
    }));
    expect(describeDelays('access', delays, 200)).toBe(
      'access: 2 removals; p50 100, p99 300, max 300 ms, 1 above 200; ' +
        'without stalls p50 50, p99 250, max 250 ms, 1 above 200; 1 on an overloaded machine',
    );
  });
});
