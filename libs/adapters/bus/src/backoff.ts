import { systemTiming, type Timing } from './timing.ts';

/** Waits that double from `firstMs` to `mostMs`, with jitter, until `reset`. */
export interface Backoff {
  readonly nextMs: () => number;
  readonly reset: () => void;
}

export function createBackoff(firstMs: number, mostMs: number, timing: Timing): Backoff {
  let current = firstMs;
  return {
    nextMs: () => {
      const wait = current * (0.75 + timing.random() / 2);
      current = Math.min(current * 2, mostMs);
      return wait;
    },
    reset: () => {
      current = firstMs;
    },
  };
}

/** Waits that can be cut short: `wait` resolves after `ms`, or at once when `wake` is called. */
export interface Pause {
  readonly wait: (ms: number) => Promise<void>;
  readonly wake: () => void;
}

export function createPause(timing: Timing = systemTiming): Pause {
  let end: (() => void) | undefined;
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        const cancel = timing.after(ms, () => end?.());
        end = () => {
          cancel();
          end = undefined;
          resolve();
        };
      }),
    wake: () => end?.(),
  };
}
