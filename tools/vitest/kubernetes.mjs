// `npm run test:kubernetes`: what needs a cluster (`*.kubernetes.spec.ts`), on that of KUBECONFIG. The last line counts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

if (process.env.KUBECONFIG === undefined) {
  console.error('KUBECONFIG is not set: it names the cluster to test on, one without a mesh');
  process.exit(2);
}
const root = resolve(import.meta.dirname, '../..');
const crds = join(root, 'deploy/osm/crds');
rmSync(join(root, 'dist/test-results'), { recursive: true, force: true });
const env = { ...process.env, OSM_TEST_KUBERNETES: '1' };
const run = (command, args) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0;
const runNode = (args) => run(process.execPath, args);

const failures = [];
const step = (what, isDone) => {
  if (!isDone) failures.push(what);
  return isDone;
};
/** A run that failed without a test that failed is one failure more: what must be there was not, or something broke in the end. */
function runSpecs(project) {
  if (runNode(['tools/vitest/run.mjs', project])) return;
  const file = join(root, 'dist/test-results', `${project.replaceAll('/', '-')}.json`);
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (!(result.numFailedTests > 0) && !(result.numFailedTestSuites > 0))
    failures.push(`${project}: see above`);
}

console.log('=== stories: osm install, pods, requests');
if (step('npm run build', run('npm', ['run', '--silent', 'build']))) {
  runSpecs('apps/kubernetes-e2e');
}

// These speak to the API server themselves. The definitions of the mesh's own kinds are part of what they need.
console.log('=== contracts: what the services expect of an API server');
const preparation = ['--crds', crds, '--ca-bundle-secret', '', '--nats', 'false'];
if (
  step('definitions', runNode(['--import', 'tsx', 'apps/bootstrap/src/main.ts', ...preparation]))
) {
  for (const project of ['libs/adapters/kubernetes', 'apps/catalog-watcher']) runSpecs(project);
}
const [kubectl, ...flags] = (process.env.KUBECTL ?? 'kubectl').split(' ').filter(Boolean);
run(kubectl, [...flags, 'delete', '--ignore-not-found', '-f', crds, '-o', 'name']);

const counted = runNode([join(import.meta.dirname, 'summary.mjs'), '', ...failures]);
process.exit(counted ? 0 : 1);
