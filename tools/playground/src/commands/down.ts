import { existsSync } from 'node:fs';
import { MeshError } from '@osm/prelude';
import { ask } from '../control/control-client.ts';
import { pause } from '../process/backoff.ts';
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
    const { pid } = await ask<{ readonly pid: number }>(placeOf(parsed), '/down');
    const deadline = performance.now() + endMsMax;
    while (existsSync(`/proc/${pid}`)) {
      if (performance.now() > deadline)
        throw new MeshError('io', `the playground (process ${pid}) does not end`);
      await pause(50);
    }
    process.stdout.write('The playground has ended.\n');
    return 0;
  },
};
