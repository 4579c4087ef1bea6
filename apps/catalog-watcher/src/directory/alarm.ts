/** Wakes one waiter; ringing before it waits is not lost. */
export interface Alarm {
  readonly ring: () => void;
  readonly rung: () => Promise<void>;
}

export function createAlarm(): Alarm {
  let pending = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      if (wake === undefined) pending = true;
      else wake();
      wake = undefined;
    },
    rung: () => {
      if (pending) {
        pending = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
