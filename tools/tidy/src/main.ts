// `npm run tidy`: the house rules that no other tool checks. Prints every breach with its remedy; exit status 1 when there is one.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkDependencies } from './dependencies.ts';
import { checkDocLinks } from './doc-links.ts';
import { checkParity } from './parity.ts';
import { checkProjects } from './projects.ts';
import { checkTexts } from './texts.ts';
import type { Tree } from './tree.ts';

const root = resolve(import.meta.dirname, '../../..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const tree: Tree = {
  files: tracked,
  read: (file) => readFileSync(join(root, file), 'utf8'),
  exists: (file) => existsSync(join(root, file)),
};

const breaches = [
  ...checkProjects(tree),
  ...checkDependencies(tree),
  ...checkTexts(tree),
  ...checkDocLinks(tree),
  ...checkParity(tree),
];
for (const breach of breaches) process.stdout.write(`${breach}\n`);
process.stdout.write(`tidy: ${tracked.length} files, ${breaches.length} breaches\n`);
process.exitCode = breaches.length === 0 ? 0 : 1;
