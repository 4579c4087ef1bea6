import { spawn } from 'node:child_process';
import { MeshError } from '@osm/prelude';

/** What helm said, and how it ended. */
export interface HelmResult {
  readonly status: number;
  readonly output: string;
  readonly error: string;
}

const missing = `helm is not on the PATH. The chart is the one description of an installation, and helm applies it: see https://helm.sh/docs/intro/install`;

/**
 * Runs helm. Ctrl-C reaches it too, so that it ends its own way.
 *
 * @throws MeshError `not_found` when there is no helm.
 */
export function runHelm(args: readonly string[]): Promise<HelmResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('helm', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let error = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const text = cause.code === 'ENOENT' ? missing : cause.message;
      reject(new MeshError(cause.code === 'ENOENT' ? 'not_found' : 'io', text, { cause }));
    });
    child.on('close', (status) => resolve({ status: status ?? 1, output, error }));
  });
}
