import { basename, dirname, join } from 'node:path';
import type { Clock } from '@osm/prelude';
import { createAnchors, type Anchors } from './anchors.ts';
import { createFolderWatches, type FolderWatches } from './folder-watches.ts';
import { nameKind } from './manifest-name.ts';
import { isLink, listNames, lookAt, readText } from './read-entry.ts';

/** What became of a manifest file. */
export type FileNews =
  | { readonly kind: 'text'; readonly layer: number; readonly file: string; readonly text: string }
  | { readonly kind: 'gone'; readonly file: string }
  | {
      readonly kind: 'unreadable';
      readonly layer: number;
      readonly file: string;
      readonly reason: string;
    };

/** The manifest files below some roots, followed by the kernel's notices; only what they name is looked at again. */
export interface DirectoryTree {
  /** News of at most `pathsMax` paths that want a look. */
  readonly step: (pathsMax: number) => readonly FileNews[];
  /** True when nothing wants a look. */
  readonly settled: () => boolean;
  readonly close: () => void;
}

export interface DirectoryTreeOptions {
  /** Folders, lowest layer first. They need not exist. */
  readonly roots: readonly string[];
  readonly clock: Pick<Clock, 'after'>;
  /** See FolderWatchesOptions. */
  readonly noticesMax: number;
  /** Something wants a look: step soon. */
  readonly onDirty: () => void;
}

/**
 * A file that had content and now has none is most often one that is being written (opened with truncation), so what it held
 * stays in force until it has been empty for so long.
 */
export const emptyFileGraceMs = 1000;

/**
 * Why a path wants a look: to compare (may be unchanged), because its content changed, or because something else may stand there
 * under the same name, even with the same inode.
 */
type Reason = 'compare' | 'changed' | 'replaced';
const strength: Readonly<Record<Reason, number>> = { compare: 0, changed: 1, replaced: 2 };

interface KnownFile {
  readonly version: string;
  /** Of the last reading; undefined when it could not be read. */
  readonly text: string | undefined;
}

interface State {
  readonly roots: readonly string[];
  readonly clock: Pick<Clock, 'after'>;
  readonly watches: FolderWatches;
  readonly anchors: Anchors;
  readonly files: Map<string, KnownFile>;
  /** Paths that want a look, in order. */
  readonly work: Map<string, Reason>;
  /** Files that are empty for the moment; the value cancels. */
  readonly empty: Map<string, () => void>;
  readonly mark: (path: string, reason: Reason) => void;
}

export function createDirectoryTree(options: DirectoryTreeOptions): DirectoryTree {
  const { roots, clock, noticesMax } = options;
  const work = new Map<string, Reason>();
  const mark = (path: string, reason: Reason): void => {
    const before = work.get(path) ?? 'compare';
    work.set(path, strength[before] > strength[reason] ? before : reason);
    options.onDirty();
  };
  const onOverflow = (): void => {
    for (const root of roots) mark(root, 'replaced');
  };
  const watches = createFolderWatches({
    noticesMax,
    onOverflow,
    onEvent: (folder, name, replaced) => {
      const kind = name === undefined ? 'swapped link' : nameKind(name);
      if (kind === 'swapped link') mark(folder, 'compare');
      else if (kind !== 'ignored')
        mark(join(folder, name ?? ''), replaced ? 'replaced' : 'changed');
    },
  });
  const anchors = createAnchors({
    noticesMax,
    onOverflow,
    onRoot: (root) => mark(root, 'replaced'),
  });
  const state: State = {
    roots,
    clock,
    watches,
    anchors,
    files: new Map(),
    work,
    empty: new Map(),
    mark,
  };
  for (const root of roots) mark(root, 'compare');
  return {
    step: (pathsMax) => {
      const news: FileNews[] = [];
      let left = pathsMax;
      for (const [path, reason] of work) {
        work.delete(path);
        news.push(...look(state, path, reason));
        if ((left -= 1) === 0) break;
      }
      return news;
    },
    settled: () => work.size === 0,
    close: () => {
      watches.close();
      anchors.close();
      for (const cancel of state.empty.values()) cancel();
    },
  };
}

function look(state: State, path: string, reason: Reason): readonly FileNews[] {
  const isRoot = state.roots.includes(path);
  if (isRoot) state.anchors.hold(path);
  const entry = lookAt(path);
  const watched = state.watches.inodeOf(path);
  const same = entry.kind === 'folder' && entry.inode === watched && reason !== 'replaced';
  if (watched !== undefined && !same) forgetFolder(state, path);
  switch (entry.kind) {
    case 'folder': {
      // A linked folder may lead back up; files behind links are fine.
      if (!isRoot && isLink(path)) return [];
      const again = state.watches.inodeOf(path) !== undefined;
      if (!again && !state.watches.add(path, entry.inode)) return [];
      lookInside(state, path, again);
      return forgetFile(state, path);
    }
    case 'missing':
      return forgetFile(state, path);
    case 'unreadable':
      return isManifest(state, path) ? tellUnreadable(state, path, entry.reason) : [];
    case 'file':
      if (!isManifest(state, path)) return [];
      if (reason === 'compare' && state.files.get(path)?.version === entry.version) return [];
      return readFile(state, path, entry);
  }
}

function isManifest(state: State, path: string): boolean {
  return !state.roots.includes(path) && nameKind(basename(path)) === 'manifest';
}

/** Marks what is in the folder, and what was when it has been watched before. */
function lookInside(state: State, folder: string, again: boolean): void {
  for (const name of listNames(folder)) {
    const kind = nameKind(name);
    const path = join(folder, name);
    if (state.roots.includes(path)) continue;
    if (kind === 'manifest' || kind === 'folder or nothing') state.mark(path, 'compare');
  }
  if (!again) return;
  for (const path of [...state.files.keys(), ...state.watches.below(folder)]) {
    if (dirname(path) === folder) state.mark(path, 'compare');
  }
}

/** The folder is gone, or another one stands in its place: what was below is looked at again. */
function forgetFolder(state: State, folder: string): void {
  for (const path of state.watches.below(folder)) {
    if (path === folder || !state.roots.includes(path)) state.watches.remove(path);
  }
  for (const path of state.files.keys()) {
    if (path.startsWith(`${folder}/`)) state.mark(path, 'compare');
  }
}

function forgetFile(state: State, file: string): readonly FileNews[] {
  cancelEmpty(state, file);
  return state.files.delete(file) ? [{ kind: 'gone', file }] : [];
}

function readFile(
  state: State,
  file: string,
  { version, size }: { readonly version: string; readonly size: number },
): readonly FileNews[] {
  const known = state.files.get(file);
  const hadText = known?.text !== undefined && known.text !== '';
  if (size === 0 && hadText && waitsEmpty(state, file)) return [];
  cancelEmpty(state, file);
  const result = readText(file);
  switch (result.kind) {
    case 'missing':
      return forgetFile(state, file);
    case 'unreadable':
      return tellUnreadable(state, file, result.reason);
    case 'text':
      // Truncated between the look and the read.
      if (result.text === '' && size > 0 && hadText && waitsEmpty(state, file)) return [];
      state.files.set(file, { version, text: result.text });
      if (known?.text === result.text) return [];
      return [{ kind: 'text', layer: layerOf(state, file), file, text: result.text }];
  }
}

/** True while a file that is empty now may yet be filled. */
function waitsEmpty(state: State, file: string): boolean {
  if (state.empty.has(file)) return true;
  const cancel = state.clock.after(emptyFileGraceMs, () => {
    state.empty.delete(file);
    const entry = lookAt(file);
    if (entry.kind === 'file' && entry.size === 0)
      state.files.set(file, { version: '', text: undefined });
    state.mark(file, 'changed');
  });
  state.empty.set(file, cancel);
  return true;
}

function cancelEmpty(state: State, file: string): void {
  state.empty.get(file)?.();
  state.empty.delete(file);
}

function tellUnreadable(state: State, file: string, reason: string): readonly FileNews[] {
  state.files.set(file, { version: '', text: undefined });
  return [{ kind: 'unreadable', layer: layerOf(state, file), file, reason }];
}

/** Of nested roots the innermost counts. */
function layerOf({ roots }: State, file: string): number {
  let layer = 0;
  for (const [index, root] of roots.entries()) {
    const deeper = root.length >= (roots[layer]?.length ?? 0);
    if (file.startsWith(`${root}/`) && (deeper || !file.startsWith(`${roots[layer] ?? ''}/`))) {
      layer = index;
    }
  }
  return layer;
}
