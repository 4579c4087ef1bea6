import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './system-clock.ts';

const day = 86_400_000;

describe('the clock of the machine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits for months, too', () => {
    let runs = 0;
    systemClock.after(90 * day, () => runs++);
    vi.advanceTimersByTime(90 * day - 1);
    expect(runs).toBe(0);
    vi.advanceTimersByTime(1);
    expect(runs).toBe(1);
  });

  it('forgets what was cancelled, also on the way', () => {
    let runs = 0;
    const cancel = systemClock.after(90 * day, () => runs++);
    vi.advanceTimersByTime(60 * day);
    cancel();
    vi.advanceTimersByTime(90 * day);
    expect(runs).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
