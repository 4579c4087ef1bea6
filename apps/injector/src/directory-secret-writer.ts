import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import type { SecretWriter } from './secret-writer.ts';

/** Writes each Secret as `<namespace>.<name>.json`, readable by the owner only: it holds a private key. */
export function createDirectorySecretWriter(directory: string): SecretWriter {
  return {
    write: async (secret) => {
      const metadata = secret['metadata'] as { readonly namespace: string; readonly name: string };
      const path = join(directory, `${metadata.namespace}.${metadata.name}.json`);
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
  };
}
