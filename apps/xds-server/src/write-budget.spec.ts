import { describe, expect, it } from 'vitest';
import { createWriteBudget } from './write-budget.ts';

describe('createWriteBudget', () => {
  it('makes streams wait when it is used up, and wakes them in order', () => {
    const budget = createWriteBudget(100);
    const woken: string[] = [];
    const wait = (name: string): boolean => budget.isFree(() => void woken.push(name));
    expect(wait('a')).toBe(true);
    budget.add(120);
    expect(wait('b')).toBe(false);
    expect(wait('c')).toBe(false);
    budget.subtract(10);
    expect(woken).toEqual([]);
    budget.subtract(20);
    expect(woken).toEqual(['b', 'c']);
    expect(wait('d')).toBe(true);
  });

  it('stops waking when the woken used it up again', () => {
    const budget = createWriteBudget(100);
    const woken: string[] = [];
    budget.add(100);
    for (const name of ['a', 'b'])
      budget.isFree(() => {
        woken.push(name);
        budget.add(100);
      });
    budget.subtract(50);
    expect(woken).toEqual(['a']);
    budget.subtract(100);
    expect(woken).toEqual(['a', 'b']);
  });
});
