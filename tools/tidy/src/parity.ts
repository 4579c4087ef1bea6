import { join, normalize } from 'node:path';
import type { Tree } from './tree.ts';

const file = 'docs/parity.md';
const states = ['done', 'differs', 'later'];
const link = /\[([^\]]+)\]\(([^)]+)\)/g;

/** Each row of docs/parity.md has a state, and one that is done names words of a test that are there. */
export function* checkParity(tree: Tree): Generator<string> {
  if (!tree.exists(file)) return;
  const seen = new Set<string>();
  for (const line of tree.read(file).split('\n')) {
    const [, row = '', state = '', text = ''] = line.split('|').map((cell) => cell.trim());
    if (!line.startsWith('|') || row === 'row' || /^:?-+:?$/.test(row)) continue;
    if (seen.has(row)) yield `${file}: two rows ${row}`;
    seen.add(row);
    if (!states.includes(state)) yield `${file}: ${row} is "${state}", wanted ${states.join(', ')}`;
    const links = [...text.matchAll(link)];
    if (state === 'done' && links.length === 0)
      yield `${file}: ${row} is done, and no test is named`;
    if (text === '') yield `${file}: ${row} says neither which test nor which subject`;
    for (const [, words = '', target = ''] of links) {
      const path = normalize(join('docs', target));
      if (!tree.exists(path) || !tree.read(path).includes(words))
        yield `${file}: ${row} names the test "${words}", which is not in ${path}`;
    }
  }
}
