import { readFileSync } from 'node:fs';

/**
 * When a process began, in clock ticks since the boot: tells it from a later one with the same id. Undefined when there is none, or one
 * that has ended and that its parent has not collected yet.
 */
export function startTime(pid: number): string | undefined {
  return field(pid, 1) === 'Z' ? undefined : field(pid, 20);
}

/** The process that a process is a child of; undefined when there is no such process. */
export function parentOf(pid: number): number | undefined {
  const parent = field(pid, 2);
  return parent === undefined ? undefined : Number(parent);
}

/** A field of /proc/PID/stat: its number in proc(5), less 2. */
function field(pid: number, index: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[index];
  } catch {
    return undefined;
  }
}
