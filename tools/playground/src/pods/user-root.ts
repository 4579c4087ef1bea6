import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is at a path of this machine. */
export type PathFact =
  | { readonly kind: 'directory'; readonly mode: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file' }
  | { readonly kind: 'nothing' };

/** This machine's file system, as far as a pod's root is made of it. */
export interface FileTree {
  readonly look: (path: string) => PathFact;
  /** What is in a directory; nothing when that may not be known. */
  readonly names: (directory: string) => readonly string[];
  /** The path without links, as far as it exists. */
  readonly resolve: (path: string) => string;
}

export interface UserRootOptions {
  /** Mount points of this machine: in a user namespace they cannot be taken apart from the directories around them. */
  readonly mountPoints: readonly string[];
  /** Paths at which something will be mounted: the directories around them have to be the pod's own. */
  readonly targets: readonly string[];
  /** Can overlays be mounted in a user namespace (kernel 5.11 and later)? Otherwise most directories are read-only in pods. */
  readonly hasOverlay: boolean;
  /** Files of /etc that the pod will have for itself. */
  readonly etcFiles: readonly string[];
}

/** Directories in which programs make files of their own. */
const ownDirectories = [
  '/etc',
  '/mnt',
  '/opt',
  '/srv',
  '/tmp',
  '/usr/local',
  '/var/cache',
  '/var/lib',
  '/var/log',
  '/var/tmp',
];
/** What is in these is not a file of this machine, or made by others. */
const madeElsewhere = new Set(['/proc', '/sys', '/dev', '/run', '/.playground', '/lost+found']);
/** A directory with more than this in it is not taken apart for the sake of a mount point below. */
const namesMax = 100;

/**
 * Shell commands (they need `readOnlyFunction`) that make `root`, in a tmpfs that is the working directory, look like this machine's file system with changes of
 * its own. For user namespaces, where `/` as a whole cannot be the lower layer of an overlay: each directory of `/` becomes one.
 *
 * There, files of other users cannot be changed nor copied up, and the machine's directories belong to others. So the directories
 * in which a pod should be able to write are made in the upper layer before the overlay is mounted.
 */
export function userRootScript(options: UserRootOptions, tree: FileTree = thisMachine): string {
  const targets = options.targets.map((target) => dirname(tree.resolve(target)));
  const wanted = new Set([...ownDirectories, ...targets].flatMap(withAncestors));
  const places = new Map<string, Place>();
  for (const name of tree.names('/')) place(`/${name}`, { ...options, wanted, tree }, places);
  return render(places, [...wanted].sort(), tree);
}

/** How a path of the machine gets into the pod. */
type Place =
  | { readonly kind: 'overlay' }
  | { readonly kind: 'bind'; readonly isDirectory: boolean }
  /** A directory of the pod's own in which the machine's entries have places of their own. */
  | { readonly kind: 'taken apart' }
  | { readonly kind: 'empty'; readonly mode: string }
  | { readonly kind: 'link'; readonly target: string };

interface Context extends UserRootOptions {
  readonly wanted: ReadonlySet<string>;
  readonly tree: FileTree;
}

function place(path: string, context: Context, places: Map<string, Place>): void {
  const { tree, wanted, mountPoints } = context;
  if (madeElsewhere.has(path)) return;
  if (dirname(path) === '/etc' && context.etcFiles.includes(path.slice('/etc/'.length))) return;
  const fact = tree.look(path);
  if (fact.kind === 'nothing') return;
  if (fact.kind === 'link') return void places.set(path, fact);
  if (fact.kind === 'file') return void places.set(path, { kind: 'bind', isDirectory: false });
  // Private to root, whom the namespace does not have.
  if (path === '/root') return void places.set(path, { kind: 'empty', mode: '700' });
  const isSplit = mountPoints.some((point) => point.startsWith(`${path}/`));
  if (!isSplit && context.hasOverlay && !/[:,\\]/.test(path))
    return void places.set(path, { kind: 'overlay' });
  if (path === '/tmp' || path === '/var/tmp')
    return void places.set(path, { kind: 'empty', mode: '1777' });
  const names = tree.names(path);
  if (!wanted.has(path) && !(isSplit && names.length <= namesMax))
    return void places.set(path, { kind: 'bind', isDirectory: true });
  places.set(path, { kind: 'taken apart' });
  for (const name of names) place(join(path, name), context, places);
}

function render(
  places: ReadonlyMap<string, Place>,
  wanted: readonly string[],
  tree: FileTree,
): string {
  const all = [...places];
  const of = (...kinds: readonly Place['kind'][]): string[] =>
    all.filter(([, { kind }]) => kinds.includes(kind)).map(([path]) => path);
  const upper = wanted.filter((path) => placeAround(path, places) === 'overlay');
  const own = wanted.filter((path) => {
    const kind = placeAround(path, places);
    return kind !== 'overlay' && kind !== 'bind';
  });
  const files = all.filter(([, it]) => it.kind === 'bind' && !it.isDirectory).map(([path]) => path);
  const directories = of('overlay', 'bind', 'taken apart', 'empty').filter(
    (path) => !files.includes(path),
  );
  const overlays = of('overlay');
  return [
    'umask 022; mkdir root; mount -t tmpfs -o mode=755 root root',
    'bind() { mount --rbind "$1" "root$1"; read_only "root$1"; }',
    'lay() { mount -t overlay overlay -o "lowerdir=$1,upperdir=up$1,workdir=work/$2,userxattr" "root$1" 2>/dev/null || bind "$1"; }',
    makeDirectories([...overlays, ...upper].map((path) => `up${path}`)),
    makeDirectories(overlays.map((_, i) => `work/${i}`)),
    ...modes(upper, 'up', tree),
    makeDirectories(directories.map((path) => `root${path}`)),
    ...files.map((path) => `: >${quote(`root${path}`)}`),
    ...all.flatMap(([path, it]) =>
      it.kind === 'link' ? [`ln -s ${quote(it.target)} ${quote(`root${path}`)}`] : [],
    ),
    ...all.flatMap(([path, it]) =>
      it.kind === 'empty' ? [`mount -t tmpfs -o mode=${it.mode} own ${quote(`root${path}`)}`] : [],
    ),
    ...overlays.map((path, i) => `lay ${quote(path)} ${i}`),
    ...of('bind').map((path) => `bind ${quote(path)}`),
    makeDirectories(own.map((path) => `root${path}`)),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/**
 * Shell function `read_only PATH`: makes a bind mount read-only. What its file system forbids elsewhere (set-uid programs, devices)
 * has to stay forbidden in a user namespace, and mount(8) has to be told.
 */
export const readOnlyFunction = `read_only() {
  for also in "" ,nosuid,nodev ,nosuid,nodev,noexec ,nodev ,nosuid; do
    if mount -o "remount,bind,ro$also" "$1" 2>/dev/null; then return; fi
  done
  mount -o remount,bind,ro "$1"
}`;

/** What is at the path's nearest ancestor that has a place. */
function placeAround(path: string, places: ReadonlyMap<string, Place>): Place['kind'] | undefined {
  for (let at = path; at !== '/'; at = dirname(at)) {
    const found = places.get(at);
    if (found !== undefined) return found.kind;
  }
  return undefined;
}

/** Upper directories get the modes of the machine's, for example the one of /tmp. */
function modes(paths: readonly string[], prefix: string, tree: FileTree): string[] {
  return paths.flatMap((path) => {
    const fact = tree.look(path);
    return fact.kind === 'directory' && fact.mode !== '755'
      ? [`chmod ${fact.mode} ${quote(prefix + path)}`]
      : [];
  });
}

function makeDirectories(paths: readonly string[]): string {
  return paths.length === 0 ? '' : `mkdir -p ${[...new Set(paths)].map(quote).join(' ')}`;
}

function withAncestors(path: string): string[] {
  return path === '/' ? [] : [...withAncestors(dirname(path)), path];
}

function quote(text: string): string {
  return /^[\w/.+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const thisMachine: FileTree = {
  look(path) {
    try {
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
      if (stat.isDirectory()) return { kind: 'directory', mode: (stat.mode & 0o7777).toString(8) };
      return stat.isFile() ? { kind: 'file' } : { kind: 'nothing' };
    } catch {
      return { kind: 'nothing' };
    }
  },
  names(directory) {
    try {
      return readdirSync(directory).sort();
    } catch {
      return [];
    }
  },
  resolve(path) {
    try {
      return realpathSync(path);
    } catch {
      return path === '/'
        ? path
        : join(thisMachine.resolve(dirname(path)), path.slice(dirname(path).length));
    }
  },
};
