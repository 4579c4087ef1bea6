import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { pause } from './pause.ts';

function handClock() {
  const runs = new Set<() => void>();
  return {
    waiting: () => runs.size,
    ring: () => {
      for (const run of [...runs]) run();
    },
    after: (_ms: number, run: () => void) => {
      runs.add(run);
      return () => void runs.delete(run);
    },
  };
}

describe('pause', () => {
  it('ends when its time is over, and leaves no listener', async () => {
    const clock = handClock();
    const { signal } = new AbortController();
    const done = pause(clock, 5, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    clock.ring();
    await done;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends when the signal aborts, and leaves no timer', async () => {
    const clock = handClock();
    const abort = new AbortController();
    const done = pause(clock, 5, abort.signal);
    abort.abort();
    await done;
    expect(clock.waiting()).toBe(0);
  });

  it('does not begin when the signal has aborted', async () => {
    const clock = handClock();
    await pause(clock, 5, AbortSignal.abort());
    expect(clock.waiting()).toBe(0);
  });

  it('needs no signal', async () => {
    const clock = handClock();
    const done = pause(clock, 5);
    clock.ring();
    await done;
  });
});
