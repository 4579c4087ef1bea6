import { ask } from '../control/control-client.ts';
import { parseCommandLine, placeHelp, placeOptions, type Command } from './command.ts';
import { placeOf } from './place.ts';

export const configCommand: Command = {
  name: 'config',
  usage: 'NAMESPACE/POD',
  summary: "print the configuration of a pod's Envoy (its config_dump), as JSON",
  help: `${placeHelp}\nA Deployment's name stands for one of its pods.`,
  async run(args) {
    const parsed = parseCommandLine(args, placeOptions, { min: 1, max: 1, what: 'NAMESPACE/POD' });
    const { text } = await ask<{ readonly text: string }>(placeOf(parsed), '/config', [
      ['pod', parsed.positionals[0] ?? ''],
    ]);
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    return 0;
  },
};
