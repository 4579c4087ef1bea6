import { createFakeClock } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import { createWriteBudget } from './write-budget.ts';

const kB = 1024;

function setUp() {
  const clock = createFakeClock();
  const budget = createWriteBudget({ bytesMax: 100 * kB, stalledMs: 500, clock });
  const woken: string[] = [];
  const open = (name: string) => budget.open(() => void woken.push(name));
  return { clock, budget, woken, open };
}

describe('createWriteBudget', () => {
  it('makes streams wait when it is used up, and wakes them in the order in which they asked', () => {
    const { woken, open } = setUp();
    const [a, b, c] = [open('a'), open('b'), open('c')];
    expect(a.isFree()).toBe(true);
    a.report(120 * kB);
    expect([b.isFree(), c.isFree()]).toEqual([false, false]);
    a.report(110 * kB);
    expect(woken).toEqual([]);
    a.report(20 * kB);
    expect(woken).toEqual(['b', 'c']);
    expect(b.isFree()).toBe(true);
  });

  it('stops waking when the woken used it up again', () => {
    const { budget, woken, open } = setUp();
    const first = open('first');
    first.report(100 * kB);
    const greedy = ['a', 'b'].map((name) => {
      const share = budget.open(() => {
        woken.push(name);
        share.report(200 * kB);
      });
      return share;
    });
    for (const share of greedy) share.isFree();
    first.report(0);
    expect(woken).toEqual(['a']);
    greedy[0]?.close();
    expect(woken).toEqual(['a', 'b']);
  });

  it('does not count a stream that makes no progress: it must not use up what others need', () => {
    const { clock, woken, open } = setUp();
    const [stuck, other] = [open('stuck'), open('other')];
    stuck.report(150 * kB);
    clock.advance(400);
    stuck.report(140 * kB); // progress
    expect(other.isFree()).toBe(false);
    clock.advance(499);
    expect(woken).toEqual([]);
    clock.advance(1);
    expect(woken).toEqual(['other']);
    stuck.report(140 * kB);
    expect(other.isFree()).toBe(true);
    stuck.report(130 * kB); // it reads again, and counts again
    expect(other.isFree()).toBe(false);
  });

  it('does not count what is small', () => {
    const { budget, open } = setUp();
    for (let i = 0; i < 100; i++) open(`${i}`).report(16 * kB);
    expect(budget.open(() => undefined).isFree()).toBe(true);
  });

  it('forgets streams that closed', () => {
    const { woken, open } = setUp();
    const [a, b, c] = [open('a'), open('b'), open('c')];
    a.report(150 * kB);
    b.isFree();
    c.isFree();
    b.close();
    a.close();
    expect(woken).toEqual(['c']);
  });
});
