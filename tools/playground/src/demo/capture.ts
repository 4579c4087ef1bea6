import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { dieWithParent } from '../process/children.ts';

/** What a capture saw. */
export interface Captured {
  readonly packets: number;
  /** Packets that came faster than they were looked at. */
  readonly lost: number;
  /** Bytes of TCP content, by "from>to" address. */
  readonly flows: Readonly<Record<string, number>>;
  /** Packets that contained the text. */
  readonly found: Readonly<Record<string, number>>;
}

/** Captures all packets in a process's network namespace until `stop`, which says what was seen. */
export async function startCapture(
  pid: number,
  texts: readonly string[],
): Promise<{ readonly stop: () => Promise<Captured> }> {
  const program = [
    '-t',
    `${pid}`,
    '-n',
    'python3',
    '-I',
    join(import.meta.dirname, 'capture.py'),
    ...texts,
  ];
  const [command, args] = dieWithParent('nsenter', program);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let output = '';
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      resolve();
    });
    child.once('close', () =>
      reject(new MeshError('io', `the packet capture ended: ${complaint.trim()}`)),
    );
  });
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(output.replace(/^ready\n/, '')) as Captured;
    },
  };
}
