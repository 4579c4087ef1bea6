import { spawn, type ChildProcess } from 'node:child_process';
import { createBackoff, pause } from './backoff.ts';
import { dieWithParent, signalProcess } from './children.ts';
import { LogFile } from './log-file.ts';

export interface SupervisedOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
  /** Said when it ended without being asked to, and when it is up again. */
  readonly onChange: (change: {
    readonly kind: 'started' | 'ended';
    readonly text: string;
  }) => void;
}

/** A process that is started again whenever it ends, with growing pauses, until it is stopped. Dies with this process. */
export class SupervisedProcess {
  readonly name: string;
  readonly #options: SupervisedOptions;
  readonly #log: LogFile;
  readonly #abort = new AbortController();
  #child: ChildProcess | undefined;
  #life: Promise<void> | undefined;
  #restarts = 0;

  constructor(options: SupervisedOptions) {
    this.name = options.name;
    this.#options = options;
    this.#log = new LogFile(options.logPath);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get logPath(): string {
    return this.#options.logPath;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    this.#life ??= this.#live();
  }

  /** Sends a signal, for example SIGKILL in a test; the supervision then starts it again. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid !== undefined) signalProcess(this.pid, signal);
  }

  /** Ends it: SIGTERM, and SIGKILL after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#abort.abort();
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    await this.#life;
    clearTimeout(timer);
    this.#log.close();
  }

  async #live(): Promise<void> {
    const backoff = createBackoff(100, 5000);
    while (!this.#abort.signal.aborted) {
      const startedAt = performance.now();
      const end = await this.#once();
      if (this.#abort.signal.aborted) return;
      if (performance.now() - startedAt > 10_000) backoff.reset();
      this.#options.onChange({
        kind: 'ended',
        text: `${this.name} ended (${end}), starting it again`,
      });
      this.#restarts++;
      await pause(backoff.next(), this.#abort.signal);
    }
  }

  #once(): Promise<string> {
    const [command, args] = dieWithParent(this.#options.command, this.#options.args);
    return new Promise((resolve) => {
      const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        env: this.#options.env,
      });
      this.#child = child;
      child.stdout.on('data', (chunk: Buffer) => this.#log.write(chunk));
      child.stderr.on('data', (chunk: Buffer) => this.#log.write(chunk));
      child.once('spawn', () =>
        this.#options.onChange({ kind: 'started', text: `${this.name} started` }),
      );
      child.once('error', (cause) => resolve(cause.message));
      child.once('close', (code, signal) => {
        this.#child = undefined;
        resolve(signal ?? `status ${code}`);
      });
    });
  }
}
