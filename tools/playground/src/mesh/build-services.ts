import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MeshError } from '@osm/prelude';
import { repositoryRoot } from '../repository.ts';
import { serviceNames } from './mesh-services.ts';

/** Builds the services (dist/apps/<service>/main.js) with Nx, which does nothing when nothing changed. */
export async function buildServices(report: (message: string) => void): Promise<void> {
  report('building the services (Nx does it only when something changed) ...');
  const args = [
    'nx',
    'run-many',
    '-t',
    'build',
    '-p',
    serviceNames.join(','),
    '--output-style=static',
  ];
  const child = spawn('npx', args, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The daemon would outlive the playground.
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new MeshError('io', `the services cannot be built:\n${output.slice(-4000)}`);
}
