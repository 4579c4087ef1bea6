import { ask } from '../control/control-client.ts';
import type { PodSummary } from '../control/protocol.ts';
import { parseCommandLine, placeHelp, placeOptions, UsageError, type Command } from './command.ts';
import { placeOf } from './place.ts';
import { table } from './table.ts';

export const podsCommand: Command = {
  name: 'pods',
  usage: '[-o json]',
  summary: 'list the pods',
  help: `  -o, --output json print JSON instead of a table\n${placeHelp}`,
  async run(args) {
    const parsed = parseCommandLine(
      args,
      { ...placeOptions, output: { type: 'string', short: 'o' } },
      { min: 0, max: 0 },
    );
    const output = parsed.text('output');
    if (output !== undefined && output !== 'json')
      throw new UsageError(`-o ${output}: only json is known.`);
    const { pods } = await ask<{ readonly pods: readonly PodSummary[] }>(placeOf(parsed), '/pods');
    process.stdout.write(output === 'json' ? `${JSON.stringify(pods, null, 2)}\n` : podTable(pods));
    return 0;
  },
};

/** The pods as a table for people. */
function podTable(pods: readonly PodSummary[]): string {
  if (pods.length === 0) return 'There are no pods.\n';
  const rows = pods.map((pod) => {
    const running = pod.containers.filter((container) => container.state === 'running').length;
    const own = pod.containers.filter(
      (container) => container.state !== 'exited' || container.detail !== 'status 0',
    ).length;
    const restarts = pod.containers.reduce((sum, container) => sum + container.restarts, 0);
    const status = pod.ready
      ? 'Ready'
      : pod.reason === ''
        ? pod.phase
        : `${pod.phase}: ${pod.reason}`;
    return [
      pod.namespace,
      pod.name,
      `${running}/${own}`,
      `${restarts}`,
      pod.ip,
      pod.sidecar ? 'yes' : 'no',
      status,
    ];
  });
  return table(['NAMESPACE', 'NAME', 'RUNNING', 'RESTARTS', 'IP', 'SIDECAR', 'STATUS'], rows);
}
