import { spawn } from 'node:child_process';
import { MeshError } from '@osm/prelude';

/** What helm said, and how it ended. */
export interface HelmResult {
  readonly status: number;
  readonly output: string;
  readonly error: string;
  /** The signal that asked this program to end while helm was running. */
  readonly interruptedBy: NodeJS.Signals | undefined;
}

/** Runs helm with these arguments. */
export type Helm = (args: readonly string[]) => Promise<HelmResult>;

const missing = `helm is not on the PATH. The chart is the one description of an installation, and helm applies it: see https://helm.sh/docs/intro/install`;
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Helm from the PATH, on the cluster that the flags name. Ctrl-C reaches it and not this program, which waits until helm has ended its
 * own way and finds the signal in the result.
 *
 * @throws MeshError `not_found` when there is no helm.
 */
export function createHelm(options: {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Told each command before it runs. */
  readonly trace?: ((command: string) => void) | undefined;
}): Helm {
  const access = [
    ...(options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig]),
    ...(options.context === undefined ? [] : ['--kube-context', options.context]),
  ];
  return (args) => {
    const all = [...args, ...access];
    options.trace?.(`helm ${all.join(' ')}`);
    return run(all);
  };
}

function run(args: readonly string[]): Promise<HelmResult> {
  return new Promise((resolve, reject) => {
    // A group of its own: a terminal's Ctrl-C comes to this program alone, which passes it on once.
    const child = spawn('helm', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    let error = '';
    let interruptedBy: NodeJS.Signals | undefined;
    const pass = (signal: NodeJS.Signals): void => {
      if (interruptedBy === undefined) child.kill(signal);
      else child.kill('SIGKILL');
      interruptedBy ??= signal;
    };
    for (const signal of signals) process.on(signal, pass);
    const release = (): void => {
      for (const signal of signals) process.off(signal, pass);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      release();
      const absent = cause.code === 'ENOENT';
      reject(
        new MeshError(absent ? 'not_found' : 'io', absent ? missing : cause.message, { cause }),
      );
    });
    child.on('close', (status) => {
      release();
      resolve({ status: status ?? 1, output, error, interruptedBy });
    });
  });
}

/** Helm's complaint without its ornaments. */
export function helmComplaint({ error }: HelmResult): string {
  return error
    .split('\n')
    .map((line) => line.replace(/^(Error: )?((INSTALLATION|UPGRADE) FAILED: )?/, ''))
    .map((line) => line.replace(/: \d+ errors? occurred:$/, ':').trim())
    .filter((line) => line !== '' && !line.startsWith('WARNING:') && !/^[IWE]\d{4} /.test(line))
    .join('; ')
    .replaceAll(':; * ', ': ');
}
