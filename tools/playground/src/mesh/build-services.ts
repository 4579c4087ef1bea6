import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { dieWithParent } from '../process/children.ts';
import { repositoryRoot } from '../repository.ts';
import { canWrite } from '../state-directory.ts';
import { serviceNames } from './mesh-services.ts';

/** What runs in pods whose gRPC speaks xDS itself. */
const agentName = 'proxyless-agent';

/** The agent's image, where the injector is told of no other. */
export const agentImage = 'osm/proxyless-agent:0.1.0';

/** The directory that stands in for it. */
export const agentDirectory = join(repositoryRoot, 'dist/apps', agentName);

const built = [...serviceNames, agentName];

/** Builds the services (dist/apps/<service>/main.js) with Nx, which does nothing when nothing changed. */
export async function buildServices(report: (message: string) => void): Promise<void> {
  if (!canWrite(join(repositoryRoot, 'dist'))) return useBuilt(report);
  report('building the services (Nx does it only when something changed) ...');
  const nx = join(repositoryRoot, 'node_modules/.bin/nx');
  const what = ['-t', 'build', '-p', built.join(','), '--output-style=static'];
  const [command, args] = dieWithParent(process.execPath, [nx, 'run-many', ...what]);
  const child = spawn(command, args, {
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

/** In a checkout of somebody else. @throws MeshError not_found when nothing was built there */
function useBuilt(report: (message: string) => void): void {
  const missing = built.filter(
    (name) => !existsSync(join(repositoryRoot, 'dist/apps', name, 'main.js')),
  );
  if (missing.length > 0)
    throw new MeshError(
      'not_found',
      `${repositoryRoot} belongs to somebody else, and ${missing.join(', ')} has not been built there: use a checkout of your own`,
    );
  report('this checkout belongs to somebody else: the services run as they were built there');
}
