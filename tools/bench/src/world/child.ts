import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { MeshError } from '@osm/prelude';
import { greetingId, type Numbered } from './ipc.ts';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard output and error go here. */
  readonly logFile: string;
  /** Opens the IPC channel. */
  readonly ipc?: boolean;
}

/** A process of this run. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with a description when it ended without having been asked to. */
  readonly died: Promise<string>;
  /** Sends a command over IPC and resolves with its answer. */
  readonly ask: <Answer>(command: unknown) => Promise<Answer>;
  /** Resolves with the child's greeting over IPC. */
  readonly greeting: Promise<unknown>;
  /** SIGTERM, then SIGKILL when it does not end within the grace time. */
  readonly stop: () => Promise<void>;
}

const stopGraceMs = 5000;
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));

/** The command, made so that the kernel ends it when this process is gone. The process id stays that of the command. */
function bound(command: readonly string[]): readonly string[] {
  return setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', '--', ...command];
}

/** Starts a process. It ends by `stop`, or with this process, whatever ends that (where setpriv is installed). */
export function startChild(options: ChildOptions): Child {
  const [command = options.command, ...args] = bound([options.command, ...options.args]);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
    // Not in the terminal's foreground group: Ctrl-C reaches the harness, which ends its processes in order.
    detached: true,
  });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  let stopping = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${options.name} cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      const how = signal ?? `status ${code}`;
      resolve(`${options.name} ended (${how}); its last words:\n${lastLines(options.logFile)}`);
    });
  });
  const channel = createChannel(child, ended);
  return {
    name: options.name,
    pid: child.pid ?? 0,
    died: new Promise((resolve) => {
      void ended.then((how) => {
        if (!stopping) resolve(how);
      });
    }),
    ...channel,
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
      await ended;
      clearTimeout(killer);
      log.end();
    },
  };
}

function createChannel(
  child: ChildProcess,
  ended: Promise<string>,
): Pick<Child, 'ask' | 'greeting'> {
  const waiting = new Map<number, (answer: unknown) => void>();
  let lastId = greetingId;
  const greeting = new Promise<unknown>((resolve) => waiting.set(greetingId, resolve));
  child.on('message', (message) => {
    const { id, body } = message as Numbered;
    waiting.get(id)?.(body);
    waiting.delete(id);
  });
  const orDeath = <T>(answer: Promise<T>): Promise<T> =>
    Promise.race([
      answer,
      ended.then((how) => {
        throw new MeshError('io', how);
      }),
    ]);
  return {
    greeting: child.channel ? silence(orDeath(greeting)) : greeting,
    ask: async <Answer>(command: unknown): Promise<Answer> => {
      lastId += 1;
      const id = lastId;
      const answer = new Promise<unknown>((resolve) => waiting.set(id, resolve));
      // A channel that is closed means that the child has ended, which the answer says.
      child.send({ id, body: command } satisfies Numbered, () => undefined);
      const body = (await orDeath(answer)) as { readonly kind: string; readonly message?: string };
      if (body.kind === 'failed') throw new MeshError('unknown', body.message ?? 'command failed');
      return body as Answer;
    },
  };
}

/** A promise that may fail after everybody stopped looking must not end the process. */
function silence<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

const lastLinesMax = 20;

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lastLinesMax).join('\n');
  } catch {
    return '(no log)';
  }
}
