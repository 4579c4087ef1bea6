import { mkdirSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImagePlan } from './images.ts';

/** Writes the root file system of an image below a folder: for a Dockerfile, and to look at. */
export function writeLayout({ layers }: ImagePlan, folder: string): void {
  for (const file of layers.flat()) {
    const path = join(folder, file.path);
    mkdirSync(file.kind === 'directory' ? path : dirname(path), { recursive: true, mode: 0o755 });
    switch (file.kind) {
      case 'directory':
        chmodSync(path, file.mode);
        break;
      case 'link':
        symlinkSync(file.target, path);
        break;
      case 'file':
        writeFileSync(path, file.content);
        chmodSync(path, file.mode);
    }
  }
}
