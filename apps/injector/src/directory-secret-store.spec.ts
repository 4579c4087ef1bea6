import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectorySecretStore } from './directory-secret-store.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'osm-secrets-'));
});
afterEach(() => rm(parent, { recursive: true }));

const secret = (type: string) => ({ metadata: { namespace: 'shop', name: 'boot' }, type });

describe('createDirectorySecretStore', () => {
  it('writes a file for the owner only, whole, and replaces it', async () => {
    const directory = join(parent, 'new');
    const writer = createDirectorySecretStore(directory);
    await writer.write(secret('a'));
    await writer.write(secret('b'));
    expect(await readdir(directory)).toEqual(['shop.boot.json']);
    const path = join(directory, 'shop.boot.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(secret('b'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('reads what it wrote, and nothing outside of its directory', async () => {
    const directory = join(parent, 'new');
    const store = createDirectorySecretStore(directory);
    expect(await store.read('shop', 'boot')).toBeUndefined();
    await store.write(secret('a'));
    expect(await store.read('shop', 'boot')).toEqual(secret('a'));
    await writeFile(join(parent, 'outside.json'), '{}');
    expect(await store.read('shop', 'x/../../outside')).toBeUndefined();
  });

  it('names the file that it cannot write', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await expect(createDirectorySecretStore(file).write(secret('a'))).rejects.toThrow(
      join(file, 'shop.boot.json'),
    );
  });
});
