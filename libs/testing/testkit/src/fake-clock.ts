import type { Clock } from '@osm/prelude';

/** A clock that stands still until `advance` moves it; timers run in order of their time. */
export interface FakeClock extends Clock {
  readonly advance: (byMs: number) => void;
}

export function createFakeClock(startMs = 0): FakeClock {
  let now = startMs;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const nextDue = (untilMs: number): number | undefined => {
    let best: number | undefined;
    let bestAt = Infinity;
    for (const [id, timer] of timers)
      if (timer.at <= untilMs && timer.at < bestAt) {
        best = id;
        bestAt = timer.at;
      }
    return best;
  };
  return {
    now: () => now,
    after: (delayMs, run) => {
      const id = sequence++;
      timers.set(id, { at: now + delayMs, run });
      return () => timers.delete(id);
    },
    advance: (byMs) => {
      const until = now + byMs;
      for (let id = nextDue(until); id !== undefined; id = nextDue(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        if (timer === undefined) continue;
        now = timer.at;
        timer.run();
      }
      now = until;
    },
  };
}
