import { describe, expect, it } from 'vitest';
import { readCases, writeGolden } from './case-folder.ts';
import { compileCase } from './compile-case.ts';
import { renderCase } from './render-case.ts';

const remedy =
  'If the change is meant: UPDATE_GOLDEN=1 npx nx test golden-corpus, and read the diff';
const update = process.env['UPDATE_GOLDEN'] === '1';

describe('golden cases', () => {
  for (const folder of readCases()) {
    it(folder.name, () => {
      const compiled = compileCase(folder.manifests);
      expect(compiled.problems).toEqual([]);
      const texts = renderCase(compiled);
      if (update) return writeGolden(folder, texts);
      expect([...folder.golden.keys()].sort(), remedy).toEqual([...texts.keys()].sort());
      for (const [path, text] of texts)
        expect(folder.golden.get(path), `${folder.name}/${path}. ${remedy}`).toBe(text);
    });
  }
});
