import { spawn, type ChildProcess } from 'node:child_process';
import { createBackoff, pause } from '../process/backoff.ts';
import { childrenOf, dieWithParentOrPod, signalProcess } from '../process/children.ts';
import { LogFile } from '../process/log-file.ts';
import type { ContainerCommand } from './container-command.ts';

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'exited'; readonly status: number };

export interface ContainerProcessOptions {
  readonly name: string;
  /** Process whose namespaces it runs in. */
  readonly sandboxPid: number;
  readonly command: ContainerCommand;
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
  readonly restart: 'Always' | 'OnFailure' | 'Never';
  readonly onChange: () => void;
}

/** Who runs so long has not crashed at its start. */
const stableMs = 10_000;

/** The flags with which nsenter joins a pod. */
export function joinFlags(pid: number): string[] {
  return ['-t', `${pid}`, '-m', '-u', '-i', '-n', '-p'];
}

/** A container's process: started, logged, restarted with growing pauses as its policy says, stopped. */
export class ContainerProcess {
  readonly name: string;
  readonly logPath: string;
  /** Resolves with the last exit status when it will not be started again. */
  readonly finished: Promise<number>;
  readonly #options: ContainerProcessOptions;
  readonly #log: LogFile;
  readonly #abort = new AbortController();
  #child: ChildProcess | undefined;
  #state: ContainerState = { kind: 'waiting', reason: 'starting' };
  #restarts = 0;
  /** Ends soon after the start, without a longer run between them. */
  #earlyEnds = 0;

  constructor(options: ContainerProcessOptions) {
    this.name = options.name;
    this.logPath = options.logPath;
    this.#options = options;
    this.#log = new LogFile(options.logPath);
    this.finished = this.#live();
  }

  get state(): ContainerState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** It ends again and again, soon after each start; false once it has stayed up for a while. */
  get isCrashing(): boolean {
    return this.#earlyEnds > 1;
  }

  /** The program's process as this process sees it; undefined while it does not run. */
  get pid(): number | undefined {
    const outer = this.#child?.pid;
    return outer === undefined ? undefined : childrenOf(outer)[0];
  }

  /** Ends the present process; the restart policy goes on from there (a failed liveness probe). */
  async interrupt(graceMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    if (this.pid !== undefined) signalProcess(this.pid, 'SIGTERM');
    const timer = setTimeout(() => this.#killGroup(child), graceMs);
    await ended;
    clearTimeout(timer);
  }

  /** Ends it for good: SIGTERM, and SIGKILL after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#abort.abort();
    await this.interrupt(graceMs);
    await this.finished;
  }

  async #live(): Promise<number> {
    const backoff = createBackoff(500, 10_000);
    try {
      for (;;) {
        const startedAt = performance.now();
        const stable = setTimeout(() => this.#onStable(), stableMs);
        const status = await this.#once();
        clearTimeout(stable);
        const { restart } = this.#options;
        const isOver = restart === 'Never' || (restart === 'OnFailure' && status === 0);
        if (isOver || this.#abort.signal.aborted) {
          this.#change({ kind: 'exited', status });
          return status;
        }
        if (performance.now() - startedAt > stableMs) backoff.reset();
        else this.#earlyEnds++;
        const waitMs = backoff.next();
        this.#change({
          kind: 'waiting',
          reason: `exited with status ${status}, starts again in ${waitMs / 1000} s`,
        });
        await pause(waitMs, this.#abort.signal);
        if (this.#abort.signal.aborted) return status;
        this.#restarts++;
      }
    } finally {
      this.#log.close();
    }
  }

  #once(): Promise<number> {
    const { sandboxPid, command, env } = this.#options;
    const [program, args] = dieWithParentOrPod('nsenter', [
      ...joinFlags(sandboxPid),
      '--',
      command.program,
      ...command.args,
    ]);
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        env,
      });
      this.#child = child;
      child.stdout.on('data', (chunk: Buffer) => this.#log.write(chunk));
      child.stderr.on('data', (chunk: Buffer) => this.#log.write(chunk));
      child.once('spawn', () => this.#change({ kind: 'running' }));
      child.once('error', (cause) => {
        this.#log.write(`${cause.message}\n`);
        resolve(127);
      });
      // Children that the program leaves behind would hold its ports: they go with it.
      child.once('exit', () => this.#killGroup(child));
      child.once('close', (code, signal) => {
        this.#child = undefined;
        resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
      });
    });
  }

  #onStable(): void {
    const wasCrashing = this.isCrashing;
    this.#earlyEnds = 0;
    if (wasCrashing) this.#options.onChange();
  }

  #killGroup(child: ChildProcess): void {
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
  }

  #change(state: ContainerState): void {
    this.#state = state;
    this.#options.onChange();
  }
}
