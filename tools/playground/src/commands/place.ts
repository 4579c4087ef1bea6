import { MeshError } from '@osm/prelude';
import { stateDirectoryOf } from '../state-directory.ts';
import { UsageError, type Parsed } from './command.ts';

/** The state directory that the options of a command name. @throws UsageError when they name none */
export function placeOf(parsed: Parsed, standardName = 'default'): string {
  try {
    return stateDirectoryOf(parsed.text('name') ?? standardName, parsed.text('state-dir'));
  } catch (thrown) {
    throw new UsageError(MeshError.from(thrown).message);
  }
}
