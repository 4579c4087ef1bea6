import { readFileSync } from 'node:fs';

/**
 * Calls back once the process that started this one is gone, when it is one that should not be outlived: npm, or the unprivileged half
 * of `becomeRoot`. A killed npm cannot pass on its end.
 */
export function onParentGone(callback: () => void): void {
  const delegate = Number(process.env['OSM_PLAYGROUND_PARENT'] ?? 0);
  const parent =
    delegate > 0 ? delegate : process.env['npm_lifecycle_event'] === undefined ? 0 : process.ppid;
  if (parent <= 1) return;
  const start = startTime(parent);
  if (start === undefined) return;
  const timer = setInterval(() => {
    if (startTime(parent) === start) return;
    clearInterval(timer);
    callback();
  }, 500);
  timer.unref();
}

/** Tells a process from a later one with the same id. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20];
  } catch {
    return undefined;
  }
}
