import { join } from 'node:path';
import { repositoryRoot } from '@osm/services';
import { mustRun, run, type Ended } from './run.ts';

/** The program `osm` as `npm run build` makes it. */
export const osmProgram = join(repositoryRoot, 'dist/apps/cli/main.js');

/** Runs `osm`; what it printed. @throws Error with what it said on standard error */
export function osm(...args: readonly string[]): Promise<string> {
  return mustRun([process.execPath, osmProgram, ...args]);
}

/** The same where a failure is one of the answers. */
export function tryOsm(...args: readonly string[]): Promise<Ended> {
  return run([process.execPath, osmProgram, ...args]);
}
