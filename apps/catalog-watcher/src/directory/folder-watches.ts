import { watch, type FSWatcher, type WatchListener } from 'node:fs';
import { MeshError } from '@osm/prelude';

/**
 * The kernel's notices (inotify) for single folders. One watch per folder, because it tells of all its files; a recursive watch
 * of Node's would take one per file.
 */
export interface FolderWatches {
  /** Watches the folder that is at this path now. Answers false when there is none. */
  readonly add: (path: string, inode: number) => boolean;
  readonly remove: (path: string) => void;
  /** The folder that is watched under this path, by inode. */
  readonly inodeOf: (path: string) => number | undefined;
  /** Watched folders below a path, itself included. */
  readonly below: (path: string) => readonly string[];
  readonly close: () => void;
}

export interface FolderWatchesOptions {
  /**
   * Something happened to this name in the folder; undefined = anything may have happened. `replaced`: the name came, went or
   * stands for something else, not just for other content. Of the folder itself its own name is told.
   */
  readonly onEvent: (folder: string, name: string | undefined, replaced: boolean) => void;
  /** The kernel may have dropped notices: everything must be looked at again. */
  readonly onOverflow: () => void;
  /**
   * So many notices in one turn of the event loop count as an overflow. The kernel's own sign for it does not reach us
   * (libuv drops it), but its queue can only have been full if we get very many at once.
   */
  readonly noticesMax: number;
}

export function createFolderWatches(options: FolderWatchesOptions): FolderWatches {
  const watches = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>();
  let notices = 0;
  const count = (): void => {
    if (notices === 0) {
      setImmediate(() => {
        const overflow = notices >= options.noticesMax;
        notices = 0;
        if (overflow && watches.size > 0) options.onOverflow();
      });
    }
    notices += 1;
  };
  const remove = (path: string): void => {
    watches.get(path)?.watcher.close();
    watches.delete(path);
  };
  return {
    add: (path, inode) => {
      remove(path);
      const watcher = open(path, (event, name) => {
        count();
        options.onEvent(path, name ?? undefined, event === 'rename');
      });
      if (watcher === undefined) return false;
      watcher.on('error', () => options.onEvent(path, undefined, true));
      watches.set(path, { watcher, inode });
      return true;
    },
    remove,
    inodeOf: (path) => watches.get(path)?.inode,
    below: (path) =>
      [...watches.keys()].filter((key) => key === path || key.startsWith(`${path}/`)),
    close: () => {
      for (const path of [...watches.keys()]) remove(path);
    },
  };
}

function open(path: string, listener: WatchListener<string>): FSWatcher | undefined {
  try {
    return watch(path, listener);
  } catch (thrown) {
    const code = (thrown as { code?: unknown } | undefined)?.code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const remedy =
      code === 'ENOSPC' || code === 'EMFILE'
        ? '; raise fs.inotify.max_user_watches and fs.inotify.max_user_instances (sysctl)'
        : '';
    throw new MeshError('io', `cannot watch ${path}: ${MeshError.from(thrown).message}${remedy}`);
  }
}
