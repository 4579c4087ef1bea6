import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join, relative } from 'node:path';
import { MeshError } from '@osm/prelude';
import { parseManifestFile, type Manifest, type Problem } from './manifests.ts';

export interface DirectoryContents {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

interface ReadFile {
  readonly stamp: string;
  /** Since when the file has been empty, in ms; its earlier contents count for a while. */
  readonly emptySince?: number;
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** Editors and `cp` empty a file before they write it: what is read between would look like a deletion. */
const settleMs = 40;

/** An editor that takes longer: what an emptied file held counts for so long. */
const emptyGraceMs = 1000;

/** The manifests of a directory and its subdirectories, read again whenever a file changes. */
export class ManifestDirectory {
  readonly #root: string;
  readonly #onChange: (contents: DirectoryContents) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #files = new Map<string, ReadFile>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws MeshError io when the directory cannot be read */
  constructor(root: string, onChange: (contents: DirectoryContents) => void) {
    this.#root = root;
    this.#onChange = onChange;
    try {
      if (!statSync(root).isDirectory()) throw new Error('not a directory');
    } catch (cause) {
      throw new MeshError('io', `cannot read ${root}: ${MeshError.from(cause).message}`, { cause });
    }
  }

  /** Reads now; later changes are reported to the constructor's callback. */
  read(): DirectoryContents {
    this.#scan();
    const files = [...this.#files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
    return {
      manifests: files.flatMap((file) => file.manifests),
      problems: files.flatMap((file) => file.problems),
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #scan(): void {
    const seen = new Map<string, ReadFile>();
    const directories = new Set<string>();
    this.#visit(this.#root, directories, seen);
    this.#files = seen;
    for (const [path, watcher] of this.#watchers) {
      if (directories.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }

  #visit(directory: string, directories: Set<string>, seen: Map<string, ReadFile>): void {
    directories.add(directory);
    // Watch first and list then: what comes between is seen twice rather than never.
    this.#watch(directory);
    for (const entry of entriesOf(directory)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) this.#visit(path, directories, seen);
      else if (/\.(yaml|yml|json)$/.test(entry.name)) this.#readFile(path, seen);
    }
  }

  #readFile(path: string, seen: Map<string, ReadFile>): void {
    const file = relative(this.#root, path);
    const before = this.#files.get(file);
    try {
      const { mtimeNs, size, ino } = statSync(path, { bigint: true });
      const stamp = `${mtimeNs} ${size} ${ino}`;
      if (size === 0n && before !== undefined && before.manifests.length > 0) {
        const emptySince = before.emptySince ?? performance.now();
        if (performance.now() - emptySince < emptyGraceMs) {
          this.#lookAgain(emptyGraceMs);
          return void seen.set(file, { ...before, stamp: '', emptySince });
        }
      }
      if (before?.stamp === stamp) return void seen.set(file, before);
      seen.set(file, { stamp, ...keepingBroken(file, readFileSync(path, 'utf8'), before) });
    } catch {
      // Gone between listing and reading; the next event says so.
    }
  }

  #watch(directory: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, () => this.#onEvent());
      watcher.on('error', () => this.#onEvent());
      this.#watchers.set(directory, watcher);
    } catch {
      // Gone again; the event of its parent follows.
    }
  }

  #onEvent(): void {
    this.#lookAgain(settleMs);
  }

  #lookAgain(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onChange(this.read()), afterMs);
  }
}

/** Objects that a broken file had when it was good stay: a typing mistake should not stop pods. */
function keepingBroken(
  file: string,
  text: string,
  before: ReadFile | undefined,
): Omit<ReadFile, 'stamp'> {
  const parsed = parseManifestFile(file, text);
  if (parsed.problems.length === 0 || before === undefined) return parsed;
  const key = (manifest: Manifest): string =>
    `${manifest.kind}/${manifest.namespace}/${manifest.name}`;
  const present = new Set(parsed.manifests.map(key));
  return {
    ...parsed,
    manifests: [
      ...parsed.manifests,
      ...before.manifests.filter((manifest) => !present.has(key(manifest))),
    ],
  };
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
