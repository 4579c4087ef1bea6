import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { pack } from 'tar-stream';
import type { ImageFile } from './image-file.ts';

/** A layer of an image: a tar, and its name. */
export interface Layer {
  readonly tar: Buffer;
  /** `sha256:...` of the tar. */
  readonly digest: string;
}

const epoch = new Date(0);

/** Packs files into a layer, parents first, in order of path: equal files make equal bytes. Of two files of one path the last one counts. */
export async function packLayer(files: readonly ImageFile[]): Promise<Layer> {
  const byPath = new Map<string, ImageFile>();
  for (const file of files) {
    for (const path of parentsOf(file.path)) {
      if (!byPath.has(path)) byPath.set(path, { kind: 'directory', path, mode: 0o755 });
    }
    byPath.set(file.path, file);
  }
  const tar = pack();
  for (const path of [...byPath.keys()].sort()) {
    const file = byPath.get(path);
    if (file !== undefined) addEntry(tar, file);
  }
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  return { tar: bytes, digest: digestOf(bytes) };
}

/** `sha256:...` of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function addEntry(tar: ReturnType<typeof pack>, file: ImageFile): void {
  const header = { name: file.path.slice(1), mtime: epoch, uid: 0, gid: 0 };
  switch (file.kind) {
    case 'directory':
      tar.entry({ ...header, name: `${header.name}/`, type: 'directory', mode: file.mode });
      return;
    case 'link':
      tar.entry({ ...header, type: 'symlink', linkname: file.target, mode: 0o777 });
      return;
    case 'file':
      tar.entry({ ...header, type: 'file', mode: file.mode }, Buffer.from(file.content));
  }
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}
