import { describe, expect, it } from 'vitest';
import { firstLookState, judgeLook, type Look } from './idle-collection.ts';

const mebibyte = 1024 * 1024;

/** Whether each look in a row leads to a collection. */
function collections(...looks: readonly Look[]): readonly boolean[] {
  let state = firstLookState;
  return looks.map((look) => {
    const judged = judgeLook(state, look);
    state = judged.collect ? { idleLooks: 0, leastBytes: look.usedBytes } : judged.state;
    return judged.collect;
  });
}

const busy = (used: number): Look => ({ utilization: 0.5, usedBytes: used * mebibyte });
const idle = (used: number): Look => ({ utilization: 0.001, usedBytes: used * mebibyte });

describe('judgeLook', () => {
  it('collects after the work, once', () => {
    expect(collections(busy(50), busy(60), idle(60), idle(60), idle(60), idle(60))).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it('never while there is work', () => {
    expect(collections(busy(50), idle(80), busy(90), idle(90), busy(100))).not.toContain(true);
  });

  it('again only when there may be garbage worth it', () => {
    const first = [idle(50), idle(50)];
    expect(collections(...first, idle(52), idle(54), idle(55)).slice(2)).not.toContain(true);
    expect(collections(...first, idle(70), idle(70)).at(-1)).toBe(true);
  });
});
