import { stateDirectoryOf } from '../state-directory.ts';
import type { Parsed } from './command.ts';

/** The state directory that the options of a command name. */
export function placeOf(parsed: Parsed): string {
  return stateDirectoryOf(parsed.text('name') ?? 'default', parsed.text('state-dir'));
}
