import { spawn } from 'node:child_process';
import { MeshError } from '@osm/prelude';

export interface RunOptions {
  /** Text for the command's standard input; none is given otherwise. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Ends the command with SIGKILL after so long. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Exit status; 128 + number after a signal, as shells have it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and collects its output. Never throws for the command's own failure. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // An own session: a Ctrl-C in the terminal reaches the playground, which then ends things in order.
      detached: true,
      env: options.env ?? process.env,
      cwd: options.cwd,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
    child.once('error', (cause) =>
      reject(new MeshError('io', `cannot run ${command}: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) =>
      resolve({
        status: code ?? (signal === null ? 1 : 137),
        stdout: Buffer.concat(chunks.stdout).toString('utf8'),
        stderr: Buffer.concat(chunks.stderr).toString('utf8'),
      }),
    );
    if (child.stdin) {
      // The command may end without reading: that is its own affair.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input);
    }
  });
}

/** Runs a command that has to succeed. The error carries what it wrote. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.status === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).slice(-800);
  throw new MeshError(
    'io',
    `${[command, ...args].join(' ').slice(0, 200)}: ${said || `status ${result.status}`}`,
  );
}
