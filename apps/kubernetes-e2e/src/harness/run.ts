import { spawn } from 'node:child_process';

/** What a program said, and how it ended. */
export interface Ended {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** It is ended after so long; default 4 minutes. */
  readonly limitMs?: number;
}

const limitMsDefault = 240_000;

/** Runs a program to its end, however that is. @throws Error when there is no such program, or it took too long */
export function run(
  [program = '', ...args]: readonly string[],
  { input, env, cwd, limitMs = limitMsDefault }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: env ?? process.env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: limitMs,
    });
    let output = '';
    let errors = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (signal === null) return resolve({ status: status ?? 1, output, errors });
      reject(new Error(`${program} ${args.join(' ')}: ended by ${signal}: ${errors.slice(-2000)}`));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs a program that must succeed; what it said on standard output. @throws Error with what it said on standard error */
export async function mustRun(
  command: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { status, output, errors } = await run(command, options);
  if (status === 0) return output;
  const said = (errors.trim() || output.trim()).slice(-2000);
  throw new Error(`${command.join(' ')}: exit status ${status}: ${said}`);
}
