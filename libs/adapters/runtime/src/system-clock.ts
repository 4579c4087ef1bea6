import type { Clock } from '@osm/prelude';

/** Node's timers take no more than 2^31 - 1 ms (24.8 days); longer ones would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** The machine's time, for those who take a Clock. Its timers may be of any length, and do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, run) => {
    let timer: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      const next = Math.min(restMs, timerMsMax);
      timer = setTimeout(() => (next < restMs ? arm(restMs - next) : run()), next);
      timer.unref();
    };
    arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
