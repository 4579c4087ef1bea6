import { randomUUID } from 'node:crypto';

/** Time and chance of everything above the link: a simulation brings its own, and a seed repeats a run. */
export interface Timing {
  /** Milliseconds that never go back; only differences mean something. */
  readonly now: () => number;
  /** Calls `run` once after `delayMs`; the returned function cancels. */
  readonly after: (delayMs: number, run: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** A text that nobody else has. */
  readonly uniqueId: () => string;
}

/** The machine's. */
export const systemTiming: Timing = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uniqueId: () => randomUUID(),
};
