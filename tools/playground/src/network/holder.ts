import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { MeshError } from '@osm/prelude';
import { dieWithParent, signalProcess } from '../process/children.ts';

/** Namespaces kept alive by a process; they end with it, and it ends with the playground, also when that is killed. */
export interface Holder {
  /** The process inside, as this process sees it: the target for nsenter. */
  readonly pid: number;
  /** Resolves when the namespaces have no process any more. */
  readonly ended: Promise<void>;
  readonly end: () => Promise<void>;
}

/** Beginning of every holder script: says its process id, as seen from outside, on the first line. */
export const sayPid = 'read -r pid rest </proc/self/stat; echo "$pid"';

/** End of every holder script: stays, and collects the orphans that become its children. */
export const stay = 'echo ready; while :; do sleep 2147483647 & wait; done';

/**
 * Starts a shell script as the first process of new namespaces (`unshare` flags). The script says its process id (`sayPid`) and, when
 * all is set up, `ready` (`stay`). With `networkOf` it is in the network namespace of that process.
 *
 * @throws MeshError io when the script fails; the message is what it wrote
 */
export async function startHolder(
  unshareFlags: readonly string[],
  script: string,
  args: readonly string[],
  networkOf?: number,
): Promise<Holder> {
  const inNetwork = networkOf === undefined ? [] : ['nsenter', '-t', `${networkOf}`, '-n'];
  const [program = 'unshare', ...before] = [...inNetwork, 'unshare'];
  const [command, words] = dieWithParent(program, [
    ...before,
    ...unshareFlags,
    '--pid',
    '--fork',
    '--kill-child=KILL',
    'sh',
    '-euc',
    script,
    'playground-holder',
    ...args,
  ]);
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const pid = await readPid(child);
  const ended = once(child, 'close').then(() => undefined);
  // Nothing more is written; an open pipe would keep `close` from coming while a daemonised program holds it.
  child.stdout?.destroy();
  child.stderr?.destroy();
  return {
    pid,
    ended,
    end: async () => {
      // The first process of a pid namespace takes all others with it.
      signalProcess(pid, 'SIGKILL');
      await ended;
    },
  };
}

function readPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const match = /^(\d+)\nready\n/.exec(said);
      if (match) resolve(Number(match[1]));
    });
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    child.once('error', (cause) =>
      reject(new MeshError('io', `cannot start unshare: ${cause.message}`, { cause })),
    );
    child.once('close', () =>
      reject(
        new MeshError(
          'io',
          `cannot make namespaces: ${complaint.trim() || 'no output'} (inside a container this needs a privileged one)`,
        ),
      ),
    );
  });
}
