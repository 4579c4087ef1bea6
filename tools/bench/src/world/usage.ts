import { readFile } from 'node:fs/promises';

/** What the kernel says about a process. */
export interface ProcessUsage {
  /** Resident memory. */
  readonly rssBytes: number;
  /** Processor time, user and system, in seconds. */
  readonly cpuSeconds: number;
}

const ticksPerSecond = 100;
const bytesPerKilobyte = 1024;

/** Reads /proc (Linux). */
export async function readUsage(pid: number): Promise<ProcessUsage> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  // The second field is the command in parentheses and may hold blanks; count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return {
    rssBytes: kilobytes('VmRSS') * bytesPerKilobyte,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}
