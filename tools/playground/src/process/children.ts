import { readFileSync } from 'node:fs';

/** Process ids of the direct children of a process, as this process sees them; none when it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  } catch {
    return [];
  }
}

/** Sends a signal; false when there is no such process any more. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Is there a process of that id that has not ended? One that its parent has not collected yet has. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/**
 * Arguments that make a command die with this process, also when this process is killed, at whatever moment: a command whose parent
 * was gone before it could ask for a signal does not begin.
 */
export function dieWithParent(command: string, args: readonly string[]): [string, string[]] {
  const begin = '[ "$PPID" = "$0" ] && exec "$@"';
  return [
    'setpriv',
    ['--pdeathsig', 'KILL', 'sh', '-c', begin, `${process.pid}`, command, ...args],
  ];
}

/** The same for a command that begins by joining a pod, which dies as well; without a shell, which would drop some variables. */
export function dieWithParentOrPod(command: string, args: readonly string[]): [string, string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', command, ...args]];
}
