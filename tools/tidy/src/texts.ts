import type { Tree } from './tree.ts';

const maxBytes = 256 * 1024;
const roots = new Set([
  ...['nx.json', 'package.json', 'package-lock.json', 'tsconfig.base.json', 'README.md', 'LICENSE'],
  ...['apps', 'libs', 'proto', 'deploy', 'tools', 'docs'],
]);
const drawers = /(^|\/)(utils?|helpers?|common|types|misc)\.ts$/;
const source = /\.(ts|mjs|proto|md|yaml|json)$/;

/** Rules on files as texts: names, sizes, leftovers, what must not be tracked. */
export function* checkTexts(tree: Tree): Generator<string> {
  for (const file of tree.files) {
    const top = file.split('/')[0] ?? file;
    if (!top.startsWith('.') && !roots.has(top))
      yield `${file}: ${top} does not belong at the root`;
    if (/(^|\/)gen\//.test(file)) yield `${file}: generated code is not committed`;
    if (drawers.test(file)) yield `${file}: a drawer; name the file after what is in it`;
    if (!source.test(file) || file === 'package-lock.json') continue;
    const text = tree.read(file);
    if (text.length > maxBytes) yield `${file}: ${text.length} bytes, at most ${maxBytes}`;
    yield* checkLines(file, text);
  }
}

function* checkLines(file: string, text: string): Generator<string> {
  if (!/\.(ts|mjs)$/.test(file)) return;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const at = `${file}:${index + 1}`;
    if (/\b(FIXME|XXX|HACK)\b/.test(line) && !file.startsWith('tools/tidy/'))
      yield `${at}: a leftover marker; fix it or write TODO(#issue)`;
    if (/\bTODO\b(?!\(#\d+\))/.test(line) && !file.startsWith('tools/tidy/'))
      yield `${at}: write TODO(#issue)`;
    if (
      /eslint-disable/.test(line) &&
      !/eslint-disable.* -- /.test(line) &&
      !file.startsWith('tools/tidy/')
    )
      yield `${at}: a disabled rule needs its name and " -- reason"`;
    if (/\b(describe|it|test)\.(only|skip|todo)\b/.test(line) && !file.startsWith('tools/tidy/'))
      yield `${at}: a test that does not run`;
    if (
      /\b(describe|it|test)\.(skipIf|runIf)\b/.test(line) &&
      !/\(needs /.test(`${line} ${lines[index + 1] ?? ''}`) &&
      !file.startsWith('tools/tidy/')
    )
      yield `${at}: a test that may be skipped says in its name what it (needs ...)`;
  }
}
