import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { repositoryRoot } from './repository.ts';

/** Where a playground of that name keeps its state. */
export function stateDirectoryOf(name: string, override?: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) {
    throw new MeshError(
      'invalid_config',
      `--name ${name}: only lower-case letters, digits and dashes`,
    );
  }
  return override === undefined ? join(repositoryRoot, '.osm/playground', name) : resolve(override);
}

/**
 * Takes the directory for this process and empties it. What a crashed playground left there goes now.
 *
 * @throws MeshError invalid_config when a playground runs there
 */
export function takeStateDirectory(path: string): void {
  const pidFile = join(path, 'pid');
  if (existsSync(path)) {
    const owner = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
    if (isPlayground(owner)) {
      throw new MeshError(
        'invalid_config',
        `a playground runs already in ${path} (process ${owner}): choose another --name, or end it with "down"`,
      );
    }
    if (owner === 0 && !isPrivate(path)) {
      throw new MeshError(
        'invalid_config',
        `${path} exists and is not a playground's state directory`,
      );
    }
    rmSync(path, { recursive: true, force: true });
  }
  mkdirSync(path, { recursive: true, mode: 0o755 });
  writeFileSync(pidFile, `${process.pid}\n`);
}

export function removeStateDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function isPrivate(path: string): boolean {
  return path.startsWith(join(repositoryRoot, '.osm/playground/'));
}

function isPlayground(pid: number): boolean {
  if (pid === 0 || pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('playground');
  } catch {
    return false;
  }
}
