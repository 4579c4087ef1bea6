import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodFacts } from './environment.ts';
import type { Volume } from './pod-spec.ts';
import { prepareVolumes, refreshVolume } from './volumes.ts';

describe('volumes', () => {
  let directory = '';
  let files = new Map<string, Buffer>();
  const secret: Volume = {
    kind: 'object',
    name: 'v',
    source: { kind: 'Secret', name: 's' },
    items: new Map(),
    optional: false,
  };
  const facts: PodFacts = {
    ...{ name: 'p', namespace: 'shop', uid: '', ip: '', hostIp: '', serviceAccount: '' },
    labels: new Map(),
    annotations: new Map(),
    contents: ({ name }) => (name === 's' ? files : undefined),
  };
  const read = (name: string): string => readFileSync(join(directory, 'volumes/v', name), 'utf8');
  const visible = (): string[] =>
    readdirSync(join(directory, 'volumes/v')).filter((name) => !name.startsWith('..'));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'osm-volumes-'));
    files = new Map([
      ['a', Buffer.from('1')],
      ['b', Buffer.from('2')],
    ]);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('has one directory for a claim, whichever pod has it, beside those of the pods', () => {
    const claim: Volume = { kind: 'claim', name: 'v', claim: 'data-db-0' };
    const sourceFor = (pod: string) => {
      const mounts = prepareVolumes(join(directory, 'pods', pod), [claim], facts);
      return mounts.kind === 'ok' ? mounts.value.map(({ source }) => source) : mounts.error;
    };
    expect(sourceFor('shop.db-0.1')).toEqual([join(directory, 'claims/shop/data-db-0')]);
    expect(sourceFor('shop.db-0.2')).toEqual(sourceFor('shop.db-0.1'));
    expect(readdirSync(join(directory, 'claims/shop'))).toEqual(['data-db-0']);
  });

  it('writes the keys of a Secret as files, and replaces them all together', () => {
    prepareVolumes(directory, [secret], facts);
    expect([read('a'), read('b')]).toEqual(['1', '2']);
    files = new Map([
      ['a', Buffer.from('3')],
      ['c', Buffer.from('4')],
    ]);
    refreshVolume(directory, secret, facts);
    expect(visible()).toEqual(['a', 'c']);
    expect([read('a'), read('c')]).toEqual(['3', '4']);
  });

  it('keeps no earlier content', () => {
    prepareVolumes(directory, [secret], facts);
    for (let i = 0; i < 3; i++) refreshVolume(directory, secret, facts);
    expect(
      readdirSync(join(directory, 'volumes/v')).filter((name) => /^\.\.\d/.test(name)),
    ).toHaveLength(1);
  });

  it('takes only the items that are asked for, under their paths', () => {
    prepareVolumes(directory, [{ ...secret, items: new Map([['b', 'deep/b.txt']]) }], facts);
    expect(visible()).toEqual(['deep']);
    expect(read('deep/b.txt')).toBe('2');
  });

  it('says what is missing', () => {
    const missing: Volume = { ...secret, source: { kind: 'ConfigMap', name: 'none' } };
    expect(prepareVolumes(directory, [missing], facts)).toEqual({
      kind: 'error',
      error: 'volume v: there is no ConfigMap none in namespace shop',
    });
    expect(prepareVolumes(directory, [{ ...missing, optional: true }], facts).kind).toBe('ok');
  });
});
