// `node tools/vitest/run.mjs PROJECT_ROOT [vitest arguments]`: the specs of one project with the one config of the house.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const [project, ...rest] = process.argv.slice(2);
if (project === undefined) throw new Error('usage: run.mjs PROJECT_ROOT [vitest arguments]');
const config = join(root, 'tools/vitest/vitest.config.ts');
// What a project wants done once before and after its specs on a cluster.
const setup = resolve(root, project, 'src/kubernetes-setup.ts');
const { status } = spawnSync(
  join(root, 'node_modules/.bin/vitest'),
  ['run', '--config', config, '--root', resolve(root, project), ...rest],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      OSM_TEST_SETUP: existsSync(setup) ? setup : '',
      OSM_TEST_PROJECT: process.env.NX_TASK_TARGET_PROJECT ?? project.replaceAll('/', '-'),
    },
  },
);
process.exit(status ?? 1);
