import { MeshError } from '@osm/prelude';
import { ask, isNobodyThere } from '../control/control-client.ts';
import { pause } from '../process/backoff.ts';
import { isRunning } from '../process/children.ts';
import { isStateDirectory, removeStateDirectory } from '../state-directory.ts';
import { parseCommandLine, placeHelp, placeOptions, type Command } from './command.ts';
import { placeOf } from './place.ts';

const endMsMax = 30_000;

export const downCommand: Command = {
  name: 'down',
  usage: '',
  summary: 'end the running playground',
  help: placeHelp,
  async run(args) {
    const parsed = parseCommandLine(args, placeOptions, { min: 0, max: 0 });
    const stateDirectory = placeOf(parsed);
    try {
      await endRunning(stateDirectory);
      process.stdout.write('The playground has ended.\n');
      return 0;
    } catch (thrown) {
      if (!isNobodyThere(thrown) || !isStateDirectory(stateDirectory)) throw thrown;
      // Its processes, links and rules went with it; files are all that a crash leaves.
      removeStateDirectory(stateDirectory);
      process.stdout.write('No playground runs here; the files of one that crashed are removed.\n');
      return 0;
    }
  },
};

async function endRunning(stateDirectory: string): Promise<void> {
  const { pid } = await ask<{ readonly pid: number }>(stateDirectory, '/down');
  const deadline = performance.now() + endMsMax;
  while (isRunning(pid)) {
    if (performance.now() > deadline)
      throw new MeshError('io', `the playground (process ${pid}) does not end`);
    await pause(50);
  }
}
