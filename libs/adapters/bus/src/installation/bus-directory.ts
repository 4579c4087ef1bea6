import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { BusFiles } from './bus-files.ts';

/** Reads what writeBusDirectory wrote; nothing when the directory is missing. */
export function readBusDirectory(directory: string): BusFiles {
  const files = new Map<string, string>();
  for (const part of ['authority', 'server', 'services'])
    for (const file of filesBelow(join(directory, part)))
      files.set(relative(directory, file), readFileSync(file, 'utf8'));
  return files;
}

/**
 * Makes the directory equal to the files, readable by this user only. Each file is replaced in one go; those that are equal are not
 * touched.
 */
export function writeBusDirectory(directory: string, files: BusFiles): void {
  const before = readBusDirectory(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  for (const [path, contents] of files) {
    if (before.get(path) === contents) continue;
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, contents, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  for (const path of before.keys()) if (!files.has(path)) rmSync(join(directory, path));
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
  } catch {
    return [];
  }
}
