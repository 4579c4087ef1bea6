import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '@osm/playground';
import { repositoryRoot } from '@osm/services';
import { chart } from './mesh.ts';
import { mustRun } from './run.ts';

/**
 * Builds the images of the mesh and of the tests and gives their archives to the command that OSM_LOAD_IMAGES names. Envoy and NATS
 * come under the names that the chart has for them, for a cluster that cannot pull those. Without that variable the cluster is
 * trusted to have or to find all images.
 */
export async function provideImages(): Promise<string> {
  const load = process.env['OSM_LOAD_IMAGES']?.split(' ').filter((word) => word !== '') ?? [];
  if (load.length === 0) return 'OSM_LOAD_IMAGES is empty: the cluster finds its images';
  const out = mkdtempSync(join(tmpdir(), 'osm-images-'));
  try {
    await buildImages(out);
    const archives = readdirSync(out, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.tar'))
      .map((name) => join(out, name));
    await mustRun([...load, ...archives]);
    return `${archives.length} images built and loaded`;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function buildImages(out: string): Promise<void> {
  const tsx = join(repositoryRoot, 'node_modules/.bin/tsx');
  const build = [tsx, join(repositoryRoot, 'tools/images/src/main.ts')];
  const { envoy, natsServer } = await ensureBinaries();
  const env = { ...process.env, ENVOY_PATH: envoy, NATS_SERVER_PATH: natsServer };
  const options = { cwd: repositoryRoot, env };
  const own = join(out, 'own.tar');
  await mustRun([...build, '--together', own, 'own', 'e2e', 'bookstore'], options);
  const text = readFileSync(join(chart, 'values.yaml'), 'utf8');
  for (const [name, field] of [
    ['envoy', /^ *sidecarImage: (\S+):(\S+)$/m],
    ['nats', /^ *image: (nats):(\S+)$/m],
  ] as const) {
    const [, repository = '', tag = ''] = field.exec(text) ?? [];
    const registry = repository.includes('/')
      ? repository.slice(0, repository.lastIndexOf('/'))
      : 'library';
    const folder = join(out, `chart-${name}`);
    await mustRun(
      [...build, '--out', folder, '--registry', `docker.io/${registry}`, '--tag', tag, name],
      options,
    );
  }
}
