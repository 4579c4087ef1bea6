import { readFileSync } from 'node:fs';

/** When a process began, in clock ticks since the boot: tells it from a later one with the same id. Undefined when there is none. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20];
  } catch {
    return undefined;
  }
}
