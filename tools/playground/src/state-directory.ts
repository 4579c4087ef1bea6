import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { startTime } from './process/identity.ts';
import { repositoryRoot } from './repository.ts';

const pidFile = 'pid';

/** Begins the pid file: many programs have a file of that name, and their directories must not be removed. */
const mark = 'playground';

/** What this process holds: directory -> descriptor that is locked. */
const held = new Map<string, number>();

/**
 * Where this user's playgrounds and tools are kept: in the checkout, or in the home directory when the checkout belongs to somebody else.
 */
export function ownDirectory(
  checkout: string = repositoryRoot,
  home: string = homedir(),
  isWritable: (path: string) => boolean = canWrite,
): string {
  const inCheckout = join(checkout, '.osm');
  return isWritable(inCheckout) ? inCheckout : join(home, '.osm');
}

/** Where a playground of that name keeps its state. @throws MeshError invalid_config when the name is none */
export function stateDirectoryOf(name: string, override?: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) {
    throw new MeshError(
      'invalid_config',
      `--name ${name}: only lower-case letters, digits and dashes`,
    );
  }
  return override === undefined ? join(playgrounds(), name) : resolve(override);
}

/**
 * Takes the directory for this process, until it ends, and makes it when it is not there. Of several processes that want one directory
 * at the same time one gets it.
 *
 * @throws MeshError invalid_config when a playground runs there, or the directory holds something else
 */
export function claimStateDirectory(path: string): void {
  if (held.has(path)) return;
  const fd = lockDirectory(path);
  if (!isStateDirectory(path) && readdirSync(path).length > 0) {
    closeSync(fd);
    throw new MeshError(
      'invalid_config',
      `${path} has files in it and is not a playground's state directory: choose a new or an empty one`,
    );
  }
  held.set(path, fd);
  writePid(path);
}

/** Makes the directory this process's own and empty. What a crashed playground left there goes now. */
export function takeStateDirectory(path: string, claimedBefore?: string): void {
  if (claimedBefore !== path) claimStateDirectory(path);
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  writePid(path);
}

/** Removes the directory with all that is in it, and gives it free. */
export function removeStateDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  const fd = held.get(path);
  if (fd !== undefined) closeSync(fd);
  held.delete(path);
}

/** Did a playground make this directory, so that it may be removed with all that is in it? */
export function isStateDirectory(path: string): boolean {
  if (!existsSync(path)) return false;
  return dirname(path) === playgrounds() || pidText(path).startsWith(`${mark} `);
}

export interface KnownPlayground {
  readonly name: string;
  readonly stateDirectory: string;
  readonly pid: number;
}

/** The playgrounds of this user that run now, and those that others run from this checkout. Not those with a directory of their own choice. */
export function runningPlaygrounds(): KnownPlayground[] {
  const places = new Set([join(repositoryRoot, '.osm/playground'), playgrounds()]);
  const found = [...places].flatMap((place) =>
    (existsSync(place) ? readdirSync(place) : []).map((name) => {
      const stateDirectory = join(place, name);
      return { name, stateDirectory, pid: ownerOf(stateDirectory) };
    }),
  );
  return found.filter(({ pid }) => pid > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function playgrounds(): string {
  return join(ownDirectory(), 'playground');
}

/** May this user write there, or make the directory when it is not there? */
export function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return !existsSync(path) && dirname(path) !== path && canWrite(dirname(path));
  }
}

/** Opens and locks a directory; the kernel unlocks it with the end of this process, whatever ends it. */
function lockDirectory(path: string): number {
  for (;;) {
    const fd = openDirectory(path);
    const locked = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    if (locked.status !== 0) {
      closeSync(fd);
      const pid = ownerOf(path);
      const who = pid === 0 ? '' : ` (process ${pid})`;
      throw new MeshError(
        'invalid_config',
        locked.error === undefined
          ? `a playground runs already in ${path}${who}: choose another --name, or end it with "down"`
          : `cannot run flock: ${locked.error.message}`,
      );
    }
    // Whoever had it may have removed the directory while this process waited: then the lock is on nothing.
    if (isSame(fd, path)) return fd;
    closeSync(fd);
  }
}

function openDirectory(path: string): number {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    accessSync(path, constants.W_OK);
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new MeshError(
      'invalid_config',
      code === 'EACCES' || code === 'EPERM'
        ? `${path} belongs to another user: choose another --name or --state-dir`
        : `${path} cannot be a state directory: ${MeshError.from(thrown).message}`,
    );
  }
}

function isSame(fd: number, path: string): boolean {
  try {
    const now = statSync(path);
    const ours = fstatSync(fd);
    return now.ino === ours.ino && now.dev === ours.dev;
  } catch {
    return false;
  }
}

function writePid(path: string): void {
  writeFileSync(join(path, pidFile), `${mark} ${process.pid} ${startTime(process.pid) ?? ''}\n`);
}

/** Id of the process that has the directory now; 0 when nobody does. */
function ownerOf(path: string): number {
  const [, pid = '0', start] = /^playground (\d+) (\d+)\s*$/.exec(pidText(path)) ?? [];
  return startTime(Number(pid)) === start && start !== undefined ? Number(pid) : 0;
}

function pidText(path: string): string {
  try {
    return readFileSync(join(path, pidFile), 'utf8');
  } catch {
    return '';
  }
}
