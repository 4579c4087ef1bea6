import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCases } from './case-folder.ts';
import { compileCase } from './compile-case.ts';
import { renderCase } from './render-case.ts';

/** What proxies get; places of diagnostics move with the text. */
function configuration(manifests: string): ReadonlyMap<string, string> {
  return renderCase({ ...compileCase(manifests), diagnostics: [] });
}

describe('the order of manifests does not matter', () => {
  for (const { name, manifests } of readCases()) {
    it(name, () => {
      const documents = manifests.split(/^---\n/m);
      const expected = configuration(manifests);
      const shuffled = fc.shuffledSubarray(documents, { minLength: documents.length });
      fc.assert(
        fc.property(shuffled, (order) => {
          expect(configuration(order.join('---\n'))).toEqual(expected);
        }),
        { numRuns: 5 },
      );
    });
  }
});
