import { dirname, join, normalize } from 'node:path';
import type { Tree } from './tree.ts';

const link = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Links between files in Markdown lead somewhere, so that docs that point into the code do not rot. */
export function* checkDocLinks(tree: Tree): Generator<string> {
  for (const file of tree.files.filter((name) => name.endsWith('.md'))) {
    for (const [, target] of tree.read(file).matchAll(link)) {
      if (target === undefined || /^[a-z]+:/.test(target)) continue;
      const path = normalize(join(dirname(file), target));
      if (!tree.exists(path)) yield `${file}: link to ${target}, which does not exist`;
    }
  }
}
