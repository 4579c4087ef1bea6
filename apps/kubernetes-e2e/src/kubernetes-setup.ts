import { existsSync } from 'node:fs';
import { provideImages } from './harness/images.ts';
import { kubectlCommand, tryKubectl } from './harness/kubectl.ts';
import { meshNamespace, removeMesh } from './harness/mesh.ts';
import { osmProgram } from './harness/osm.ts';
import { run } from './harness/run.ts';
import { removeLeftovers } from './harness/story.ts';

// Once for all stories: what must be there is looked at, images are built and loaded, and at the end nothing remains on the cluster.
// OSM_TEST_KEEP=1 is for who writes stories: images and mesh stay as they are, before and after.
const keep = process.env['OSM_TEST_KEEP'] === '1';

/** Called by vitest before the first story. */
export async function setup(): Promise<void> {
  await checkTools();
  if (keep) return;
  await checkCluster();
  const start = performance.now();
  const said = await provideImages();
  process.stdout.write(`${said} (${((performance.now() - start) / 1000).toFixed(0)} s)\n`);
}

/** Called by vitest after the last one. */
export async function teardown(): Promise<void> {
  if (keep) return;
  await removeLeftovers();
  await removeMesh();
}

async function checkTools(): Promise<void> {
  const command = kubectlCommand.join(' ');
  const asked = await tryKubectl('get', '--raw', '/readyz').catch((error: unknown) => {
    throw new Error(`${command} cannot be run: install kubectl, or name it in KUBECTL`, {
      cause: error,
    });
  });
  if (asked.status !== 0) {
    const said = asked.errors.trim();
    throw new Error(`${command} reaches no cluster: set KUBECONFIG to one that answers: ${said}`);
  }
  await run(['helm', 'version']).catch((error: unknown) => {
    throw new Error('helm is not on the PATH: https://helm.sh/docs/intro/install', {
      cause: error,
    });
  });
  if (!existsSync(osmProgram)) throw new Error(`${osmProgram} is not there: npm run build`);
}

/** Somebody's mesh would be changed, and removed in the end. */
async function checkCluster(): Promise<void> {
  const { status } = await tryKubectl('get', 'namespace', meshNamespace);
  if (status === 0) {
    throw new Error(
      `the cluster has a namespace ${meshNamespace} already: these tests want a cluster without a mesh (osm uninstall mesh --force -a --delete-namespace)`,
    );
  }
}
