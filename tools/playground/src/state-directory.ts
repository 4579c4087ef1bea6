import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { repositoryRoot } from './repository.ts';

const ownDirectory = join(repositoryRoot, '.osm/playground');
const pidFile = 'pid';

/** Begins the pid file: many programs have a file of that name, and their directories must not be removed. */
const mark = 'playground';

/** Where a playground of that name keeps its state. */
export function stateDirectoryOf(name: string, override?: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) {
    throw new MeshError(
      'invalid_config',
      `--name ${name}: only lower-case letters, digits and dashes`,
    );
  }
  return override === undefined ? join(ownDirectory, name) : resolve(override);
}

/**
 * Takes the directory for this process and empties it. What a crashed playground left there goes now.
 *
 * @throws MeshError invalid_config when a playground runs there, or the directory holds something else
 */
export function takeStateDirectory(path: string): void {
  const owner = ownerOf(path);
  if (isPlayground(owner)) {
    throw new MeshError(
      'invalid_config',
      `a playground runs already in ${path} (process ${owner}): choose another --name, or end it with "down"`,
    );
  }
  if (existsSync(path) && !isStateDirectory(path) && readdirSync(path).length > 0) {
    throw new MeshError(
      'invalid_config',
      `${path} has files in it and is not a playground's state directory: choose a new or an empty one`,
    );
  }
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o755 });
  writeFileSync(join(path, pidFile), `${mark} ${process.pid}\n`);
}

/** Did a playground make this directory, so that it may be removed with all that is in it? */
export function isStateDirectory(path: string): boolean {
  if (!existsSync(path)) return false;
  return isPrivate(path) || pidText(path).startsWith(`${mark} `);
}

/** Names of the playgrounds of this checkout that run now. */
export function runningPlaygrounds(): string[] {
  if (!existsSync(ownDirectory)) return [];
  return readdirSync(ownDirectory)
    .filter((name) => isPlayground(ownerOf(join(ownDirectory, name))))
    .sort();
}

export function removeStateDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function isPrivate(path: string): boolean {
  return path.startsWith(`${ownDirectory}/`);
}

/** Process id of who took the directory; 0 when nobody did. */
function ownerOf(path: string): number {
  return Number(/(\d+)\s*$/.exec(pidText(path))?.[1] ?? 0);
}

function pidText(path: string): string {
  try {
    return readFileSync(join(path, pidFile), 'utf8');
  } catch {
    return '';
  }
}

function isPlayground(pid: number): boolean {
  if (pid === 0 || pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('playground');
  } catch {
    return false;
  }
}
