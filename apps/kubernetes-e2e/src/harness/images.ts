import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@osm/services';
import { chart } from './mesh.ts';
import { mustRun } from './run.ts';

const out = join(repositoryRoot, 'dist/images');

/**
 * Builds the images of the mesh and of the tests and gives their archives to the command that OSM_LOAD_IMAGES names. Envoy and NATS
 * come under the names that the chart has for them, for a cluster that cannot pull those. Without that variable the cluster is
 * trusted to have or to find all images.
 */
export async function provideImages(): Promise<string> {
  const load = process.env['OSM_LOAD_IMAGES']?.split(' ').filter((word) => word !== '') ?? [];
  if (load.length === 0) return 'OSM_LOAD_IMAGES is empty: the cluster finds its images';
  const together = join(out, 'kubernetes-e2e.tar');
  await build('--together', together, 'own', 'init', 'bookstore', 'e2e');
  await build('--out', out, '--registry', 'oracle', '--tag', '1', 'app');
  const archives = [
    together,
    join(out, 'app.tar'),
    await buildForChart('envoy'),
    await buildForChart('nats'),
  ];
  await mustRun([...load, ...archives]);
  return 'images built and loaded';
}

/** The image of another project's program under the name that the chart's values have for it. */
async function buildForChart(name: 'envoy' | 'nats'): Promise<string> {
  const field = { envoy: /^ *sidecarImage: (\S+):(\S+)$/m, nats: /^ *image: (nats):(\S+)$/m }[name];
  const text = readFileSync(join(chart, 'values.yaml'), 'utf8');
  const [, repository = '', tag = ''] = field.exec(text) ?? [];
  if (tag === '') throw new Error(`values.yaml does not say which image ${name} is: ${field}`);
  const owner = repository.includes('/') ? dirname(repository) : 'library';
  const folder = join(out, 'chart');
  await build('--out', folder, '--registry', `docker.io/${owner}`, '--tag', tag, name);
  return join(folder, `${name}.tar`);
}

async function build(...args: readonly string[]): Promise<void> {
  const tsx = join(repositoryRoot, 'node_modules/.bin/tsx');
  const program = join(repositoryRoot, 'tools/images/src/main.ts');
  await mustRun([tsx, program, ...args], { cwd: repositoryRoot });
}
