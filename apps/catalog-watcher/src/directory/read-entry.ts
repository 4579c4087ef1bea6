import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { MeshError } from '@osm/prelude';

/** What is at a path. `version` changes when the content may have. */
export type Entry =
  | { readonly kind: 'missing' }
  | { readonly kind: 'folder'; readonly inode: number }
  | { readonly kind: 'file'; readonly version: string; readonly size: number }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Looks without reading. Links are followed. */
export function lookAt(path: string): Entry {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { kind: 'folder', inode: stat.ino };
    if (!stat.isFile()) return { kind: 'missing' };
    const version = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    return { kind: 'file', version, size: stat.size };
  } catch (thrown) {
    return isMissing(thrown) ? { kind: 'missing' } : unreadable(thrown);
  }
}

/**
 * Reads a whole file. Blocking on purpose: a manifest is small and in the page cache, so the read takes some 20 microseconds,
 * a trip through the thread pool several times as long.
 */
export function readText(
  path: string,
): { readonly kind: 'text'; readonly text: string } | Exclude<Entry, { kind: 'folder' | 'file' }> {
  try {
    const bytes = readFileSync(path);
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (thrown) {
    return isMissing(thrown) ? { kind: 'missing' } : unreadable(thrown);
  }
}

/** Names in a folder; none when it is gone. */
export function listNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // Gone, or not ours to read: the look at the folder itself has told.
    return [];
  }
}

function isMissing(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(thrown: unknown): { readonly kind: 'unreadable'; readonly reason: string } {
  return { kind: 'unreadable', reason: MeshError.from(thrown, 'io').message };
}

/** True for a symbolic link, whatever it leads to. */
export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
