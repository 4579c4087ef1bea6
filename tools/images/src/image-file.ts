import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Something in an image. Paths are absolute there; owner is root, time is 1970, so equal contents are equal bytes. */
export type ImageFile =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number };

/** A file with this text. */
export function textFile(path: string, text: string): ImageFile {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(text) };
}

/** A file of this machine. */
export function hostFile(host: string, path: string): ImageFile {
  const mode = (statSync(host).mode & 0o111) === 0 ? 0o644 : 0o755;
  return { kind: 'file', path, mode, content: readFileSync(host) };
}

/** A bundle, which runs by its name, too. */
export function scriptFile(host: string, path: string): ImageFile {
  const line = Buffer.from('#!/usr/local/bin/node\n');
  const text = readFileSync(host);
  const content = text.subarray(0, 2).toString() === '#!' ? text : Buffer.concat([line, text]);
  return { kind: 'file', path, mode: 0o755, content };
}

/** A folder of this machine with all that is in it. */
export function hostTree(host: string, path: string): readonly ImageFile[] {
  return readdirSync(host, { withFileTypes: true }).flatMap((entry) => {
    const from = join(host, entry.name);
    const to = join(path, entry.name);
    return entry.isDirectory() ? hostTree(from, to) : [hostFile(from, to)];
  });
}

/** A program of this machine with the loader and the shared libraries that it needs. */
export function program(host: string, path: string): readonly ImageFile[] {
  return [hostFile(host, path), ...libraries(host)];
}

/** The shared libraries of a program, each under the name by which the loader looks for it. */
export function libraries(host: string): readonly ImageFile[] {
  return librariesOf(linkedText(host)).map((found) => hostFile(realpathSync(found), found));
}

/** What ldd tells; a static program has nothing to tell. */
function linkedText(host: string): string {
  try {
    return execFileSync('ldd', [host], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

/** The paths in the output of ldd: `libm.so.6 => /lib/libm.so.6 (0x...)`, and the loader `/lib64/ld-linux-x86-64.so.2 (0x...)`. */
function librariesOf(ldd: string): readonly string[] {
  const paths = ldd.split('\n').flatMap((line) => {
    const match = /(?:=>\s*)?(\/\S+)\s+\(0x[0-9a-f]+\)/.exec(line);
    return match?.[1] === undefined ? [] : [join(dirname(match[1]), basename(match[1]))];
  });
  return [...new Set(paths)].sort();
}
