import type { Timing } from './timing.ts';

/** Puts keys right after foreign writes: the first time at once, and ever later when somebody keeps writing against us. */
export interface Repairs {
  readonly schedule: (key: string) => void;
  readonly pending: () => number;
  readonly close: () => void;
}

const quietMs = 10_000;
const delayMsFirst = 100;
const delayMsMost = 2_000;
const remembered = 10_000;

export function createRepairs(putRight: (key: string) => void, timing: Timing): Repairs {
  const history = new Map<string, { readonly times: number; readonly atMs: number }>();
  const timers = new Map<string, () => void>();
  return {
    schedule: (key) => {
      if (timers.has(key)) return;
      const nowMs = timing.now();
      const before = history.get(key);
      const times = before === undefined || nowMs - before.atMs > quietMs ? 0 : before.times;
      if (history.size > remembered) history.clear();
      history.set(key, { times: times + 1, atMs: nowMs });
      if (times === 0) return putRight(key);
      const run = (): void => {
        timers.delete(key);
        putRight(key);
      };
      timers.set(key, timing.after(Math.min(delayMsFirst * 2 ** (times - 1), delayMsMost), run));
    },
    pending: () => timers.size,
    close: () => {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
