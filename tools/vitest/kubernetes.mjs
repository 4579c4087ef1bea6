// `npm run test:kubernetes`: what needs a cluster (`*.kubernetes.spec.ts`), on that of KUBECONFIG. The last line counts.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

if (process.env.KUBECONFIG === undefined) {
  console.error(
    'KUBECONFIG is not set: it names the cluster to test on, which should be an empty one',
  );
  process.exit(2);
}
const root = resolve(import.meta.dirname, '../..');
rmSync(join(root, 'dist/test-results'), { recursive: true, force: true });
const env = { ...process.env, OSM_TEST_KUBERNETES: '1' };
const run = (args) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status === 0;

// The definitions of the mesh's own kinds are part of what is tested.
const prepared = run(['--import', 'tsx', 'apps/bootstrap/src/main.ts', ...preparation()]);
const projects = ['libs/adapters/kubernetes', 'apps/catalog-watcher'];
const ran = projects.map((project) => run([join('tools/vitest/run.mjs'), project]));
const counted = run([join(import.meta.dirname, 'summary.mjs')]);
process.exit(prepared && counted && ran.every(Boolean) ? 0 : 1);

function preparation() {
  return ['--crds', 'deploy/osm/crds', '--ca-bundle-secret', '', '--nats', 'false'];
}
