import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@osm/injection';
import { MeshError } from '@osm/prelude';
import type { SecretStore } from './secret-store.ts';

/** Keeps each Secret as `<namespace>.<name>.json`, readable by the owner only: it holds a private key. */
export function createDirectorySecretStore(directory: string): SecretStore {
  const pathOf = (namespace: string, name: string): string =>
    join(directory, `${namespace}.${name}.json`);
  return {
    write: async (secret) => {
      const metadata = secret['metadata'] as { readonly namespace: string; readonly name: string };
      const path = pathOf(metadata.namespace, metadata.name);
      const draft = join(directory, `.${randomUUID()}.json`);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(draft, JSON.stringify(secret), { mode: 0o600, flag: 'wx' });
        await rename(draft, path);
      } catch (thrown) {
        await rm(draft, { force: true }).catch(() => undefined);
        const message = `cannot write the bootstrap Secret ${path} (--secret-directory)`;
        throw new MeshError('io', message, { cause: thrown });
      }
    },
    read: async (namespace, name) => {
      // The name comes from a pod's manifest: it must not lead out of the directory.
      if (!/^[a-z0-9][-a-z0-9.]*$/.test(name)) return undefined;
      const path = pathOf(namespace, name);
      try {
        return JSON.parse(await readFile(path, 'utf8')) as JsonObject;
      } catch (thrown) {
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
          return undefined;
        const message = `cannot read the bootstrap Secret ${path} (--secret-directory)`;
        throw new MeshError('io', message, { cause: thrown });
      }
    },
  };
}
