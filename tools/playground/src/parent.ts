import { readFileSync } from 'node:fs';
import { delegator } from './privilege/handover.ts';
import { parentOf, startTime } from './process/identity.ts';

interface Ancestor {
  readonly pid: number;
  /** Undefined when it was gone already. */
  readonly start: string | undefined;
}

const periodMs = 500;

/** Found when the program begins: later one of them may be gone, and its children somebody else's. */
const ancestors: readonly Ancestor[] = findAncestors().map((pid) => ({
  pid,
  start: startTime(pid),
}));

/**
 * Calls back once a process is gone that should not be outlived: the half of this program that stayed outside (`runAgain`), or npm
 * and its shell. A killed npm cannot pass on its end. The returned function stops the watch.
 */
export function onParentGone(callback: () => void): () => void {
  const isGone = ({ pid, start }: Ancestor): boolean =>
    start === undefined || startTime(pid) !== start;
  const timer = setInterval(() => {
    if (!ancestors.some(isGone)) return;
    clearInterval(timer);
    callback();
  }, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}

function findAncestors(): number[] {
  const delegate = delegator();
  if (delegate > 0) return [delegate];
  const starter = Number(process.env['OSM_PLAYGROUND_STARTER'] ?? process.ppid);
  if (process.env['npm_lifecycle_event'] === undefined || starter <= 1) return [];
  // npm runs a shell that runs this.
  const above = isShell(starter) ? (parentOf(starter) ?? 0) : 0;
  return above > 1 ? [starter, above] : [starter];
}

function isShell(pid: number): boolean {
  try {
    return /^(ba|da|z|a)?sh$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  } catch {
    return false;
  }
}
