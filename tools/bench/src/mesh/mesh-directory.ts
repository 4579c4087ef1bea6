import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edit, MeshFile } from './files.ts';

/** The directory that the catalog-watcher reads. */
export interface MeshDirectory {
  readonly path: string;
  /**
   * Makes an edit in one step, as careful editors do: a file is replaced, never half written. Returns the moment just before
   * it, in ns of the monotonic clock.
   */
  readonly apply: (edit: Edit) => Promise<bigint>;
}

/** Makes `<parent>/mesh` with these files in it. */
export async function createMeshDirectory(
  parent: string,
  files: readonly MeshFile[],
): Promise<MeshDirectory> {
  const path = join(parent, 'mesh');
  const staging = join(parent, 'staging');
  await mkdir(path, { recursive: true });
  await mkdir(staging, { recursive: true });
  for (const file of files) await writeFile(join(path, file.name), file.text);
  return {
    path,
    apply: async (edit) => {
      if (edit.kind === 'remove') {
        const before = process.hrtime.bigint();
        await unlink(join(path, edit.name));
        return before;
      }
      const staged = join(staging, edit.file.name);
      await writeFile(staged, edit.file.text);
      const before = process.hrtime.bigint();
      await rename(staged, join(path, edit.file.name));
      return before;
    },
  };
}
