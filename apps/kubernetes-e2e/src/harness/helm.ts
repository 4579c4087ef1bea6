import { mustRun } from './run.ts';

/** Runs helm, as somebody does who installs with it and not with `osm`. @throws Error with what it said on standard error */
export function helm(...args: readonly string[]): Promise<string> {
  return mustRun(['helm', ...args]);
}
