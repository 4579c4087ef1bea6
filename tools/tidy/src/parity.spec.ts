import { describe, expect, it } from 'vitest';
import { checkParity } from './parity.ts';
import type { Tree } from './tree.ts';

function treeOf(...rows: readonly string[]): Tree {
  const files: Readonly<Record<string, string>> = {
    'docs/parity.md': ['| row | state | test |', '| --- | --- | --- |', ...rows].join('\n'),
    'apps/e2e/src/tcp.spec.ts': "it('what is sent comes back', () => {});",
  };
  return {
    files: Object.keys(files),
    read: (file) => files[file] ?? '',
    exists: (file) => file in files,
  };
}

const breaches = (...rows: readonly string[]): readonly string[] => [
  ...checkParity(treeOf(...rows)),
];

describe('docs/parity.md', () => {
  it('may name tests that are there, and subjects', () => {
    const done = '| tcp | done | [what is sent comes back](../apps/e2e/src/tcp.spec.ts) |';
    expect(breaches(done, '| egress | later | egress |')).toEqual([]);
  });

  it('may not name words that are in no test, or a test that is not there', () => {
    expect(
      breaches(
        '| a | done | [what is lost](../apps/e2e/src/tcp.spec.ts) |',
        '| b | done | [what is sent](../apps/e2e/src/udp.spec.ts) |',
      ),
    ).toEqual([
      'docs/parity.md: a names the test "what is lost", which is not in apps/e2e/src/tcp.spec.ts',
      'docs/parity.md: b names the test "what is sent", which is not in apps/e2e/src/udp.spec.ts',
    ]);
  });

  it('has one row of a name, with a state that is known and something to back it', () => {
    expect(
      breaches(
        '| a | later | egress |',
        '| a | perhaps | x |',
        '| b | done | x |',
        '| c | later | |',
      ),
    ).toEqual([
      'docs/parity.md: two rows a',
      'docs/parity.md: a is "perhaps", wanted done, differs, later',
      'docs/parity.md: b is done, and no test is named',
      'docs/parity.md: c says neither which test nor which subject',
    ]);
  });
});
