import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManifestDirectory, type DirectoryContents } from './manifest-directory.ts';

const service = (name: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n`;
const names = ({ manifests }: DirectoryContents): string[] => manifests.map(({ name }) => name);

describe('ManifestDirectory', () => {
  let root = '';
  let watched: ManifestDirectory;
  let changes: DirectoryContents[] = [];
  let tell: () => void = () => undefined;

  const nextChange = async (
    accept: (contents: DirectoryContents) => boolean,
  ): Promise<DirectoryContents> => {
    for (;;) {
      const found = changes.find(accept);
      if (found) return found;
      await new Promise<void>((resolve) => (tell = resolve));
    }
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'osm-manifests-'));
    changes = [];
    watched = new ManifestDirectory(root, (contents) => {
      changes.push(contents);
      tell();
    });
  });

  afterEach(() => {
    watched.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('reads YAML and JSON below the directory, and nothing hidden', () => {
    mkdirSync(join(root, 'deep/er'), { recursive: true });
    writeFileSync(join(root, 'b.yaml'), service('b'));
    writeFileSync(join(root, 'deep/er/a.yml'), service('a'));
    writeFileSync(
      join(root, 'c.json'),
      JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' } }),
    );
    writeFileSync(join(root, '.hidden.yaml'), service('hidden'));
    writeFileSync(join(root, 'notes.txt'), service('text'));
    expect(names(watched.read())).toEqual(['b', 'c', 'a']);
  });

  it('tells of new, changed and deleted files, also in new directories', async () => {
    watched.read();
    writeFileSync(join(root, 'a.yaml'), service('a'));
    await nextChange((contents) => names(contents).join() === 'a');
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub/b.yaml'), service('b'));
    await nextChange((contents) => names(contents).join() === 'a,b');
    rmSync(join(root, 'a.yaml'));
    await nextChange((contents) => names(contents).join() === 'b');
  });

  it('keeps what a file held before it broke', () => {
    writeFileSync(join(root, 'a.yaml'), `${service('one')}---\n${service('two')}`);
    watched.read();
    writeFileSync(join(root, 'a.yaml'), `${service('one')}---\nkind: [broken\n`);
    const contents = watched.read();
    expect(names(contents)).toEqual(['one', 'two']);
    expect(contents.problems).toHaveLength(1);
  });

  it('does not take a file that is empty for a moment for a deletion, but one that stays so', async () => {
    writeFileSync(join(root, 'a.yaml'), service('a'));
    watched.read();
    writeFileSync(join(root, 'a.yaml'), '');
    expect(names(watched.read())).toEqual(['a']);
    await nextChange((contents) => names(contents).length === 0);
  });

  it('says which directory it cannot read', () => {
    expect(() => new ManifestDirectory(join(root, 'none'), () => undefined)).toThrow(
      /cannot read .*none/,
    );
  });
});
