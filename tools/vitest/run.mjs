// `node tools/vitest/run.mjs PROJECT_ROOT [vitest arguments]`: the specs of one project with the one config of the house.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const [project, ...rest] = process.argv.slice(2);
if (project === undefined) throw new Error('usage: run.mjs PROJECT_ROOT [vitest arguments]');
const config = join(root, 'tools/vitest/vitest.config.ts');
const { status } = spawnSync(
  join(root, 'node_modules/.bin/vitest'),
  ['run', '--config', config, '--root', resolve(root, project), ...rest],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      OSM_TEST_PROJECT: process.env.NX_TASK_TARGET_PROJECT ?? project.replaceAll('/', '-'),
    },
  },
);
process.exit(status ?? 1);
