import { basename, dirname, relative } from 'node:path';
import { createFolderWatches, type FolderWatchesOptions } from './folder-watches.ts';
import { lookAt } from './read-entry.ts';

/**
 * Notices a root that comes, goes or is replaced: watches the folder above it, or as long as that is missing too the nearest
 * one above that exists.
 */
export interface Anchors {
  /** To be called at every look at the root: the nearest folder above may be another one by now. */
  readonly hold: (root: string) => void;
  readonly close: () => void;
}

export function createAnchors(
  options: Omit<FolderWatchesOptions, 'onEvent'> & { readonly onRoot: (root: string) => void },
): Anchors {
  const folderOf = new Map<string, string>();
  const watches = createFolderWatches({
    ...options,
    onEvent: (folder, name, replaced) => {
      const itself = name === undefined || name === basename(folder);
      // A folder that was made again may have the number of the old one, and the watch is that of the old one.
      if (itself && replaced) watches.remove(folder);
      for (const [root, held] of folderOf) {
        const step = relative(folder, root).split('/')[0];
        if (held === folder && replaced && (itself || name === step)) options.onRoot(root);
      }
    },
  });
  const release = (folder: string): void => {
    if (![...folderOf.values()].includes(folder)) watches.remove(folder);
  };
  return {
    hold: (root) => {
      // Again, when a nearer folder appeared before the watch of the farther one was there to tell.
      for (let nearest = findNearest(root); ; nearest = findNearest(root)) {
        const before = folderOf.get(root);
        if (before === nearest.path && watches.inodeOf(before) === nearest.inode) return;
        folderOf.set(root, nearest.path);
        watches.add(nearest.path, nearest.inode);
        if (before !== undefined && before !== nearest.path) release(before);
      }
    },
    close: watches.close,
  };
}

function findNearest(root: string): { readonly path: string; readonly inode: number } {
  let path = dirname(root);
  for (;;) {
    const entry = lookAt(path);
    if (entry.kind === 'folder') return { path, inode: entry.inode };
    path = dirname(path);
  }
}
