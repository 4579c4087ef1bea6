import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where this project's recorded worlds are. */
export const worldsDirectory = resolve(import.meta.dirname, '../../worlds');

/** Outcomes that are right although others were recorded. */
export const deviationsFile = join(worldsDirectory, 'deviations.json');

/** The names of this project's worlds. */
export function ownWorlds(): string[] {
  return readdirSync(worldsDirectory)
    .filter((name) => existsSync(join(worldsDirectory, name, 'requests.json')))
    .sort();
}
