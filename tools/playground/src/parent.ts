import { delegator } from './privilege/handover.ts';
import { startTime } from './process/identity.ts';

/**
 * Calls back once the process that started this one is gone, when it is one that should not be outlived: npm, or the half of
 * this program that stayed outside (`runAgain`). A killed npm cannot pass on its end.
 */
export function onParentGone(callback: () => void): void {
  const delegate = delegator();
  const parent =
    delegate > 0 ? delegate : process.env['npm_lifecycle_event'] === undefined ? 0 : process.ppid;
  if (parent <= 1) return;
  const start = startTime(parent);
  if (start === undefined) return void setImmediate(callback);
  const timer = setInterval(() => {
    if (startTime(parent) === start) return;
    clearInterval(timer);
    callback();
  }, 500);
  timer.unref();
}
