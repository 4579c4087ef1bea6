import { ask, isNobodyThere, OtherUser } from '../control/control-client.ts';
import type { About } from '../control/protocol.ts';
import { runningPlaygrounds, type KnownPlayground } from '../state-directory.ts';
import { parseCommandLine, UsageError, type Command } from './command.ts';
import { table } from './table.ts';

/** A playground as `list -o json` has it. */
interface Listed {
  readonly name: string;
  readonly pid: number;
  readonly state: 'running' | 'starting' | "another user's";
  readonly stateDirectory: string;
  readonly about: About | undefined;
}

export const listCommand: Command = {
  name: 'list',
  usage: '[-o json]',
  summary: 'list the playgrounds that run, of this checkout and this user',
  help: '  -o, --output json print JSON instead of a table\n\nThose that were started with --state-dir are not known here.',
  async run(args) {
    const parsed = parseCommandLine(
      args,
      { output: { type: 'string', short: 'o' } },
      { min: 0, max: 0 },
    );
    const output = parsed.text('output');
    if (output !== undefined && output !== 'json')
      throw new UsageError(`-o ${output}: only json is known.`);
    const all = await Promise.all(runningPlaygrounds().map(look));
    process.stdout.write(output === 'json' ? `${JSON.stringify(all, null, 2)}\n` : tableOf(all));
    return 0;
  },
};

async function look({ name, pid, stateDirectory }: KnownPlayground): Promise<Listed> {
  const known = { name, pid, stateDirectory };
  try {
    const about = await ask<About>(stateDirectory, '/about');
    return { ...known, pid: about.pid, state: 'running', about };
  } catch (thrown) {
    if (thrown instanceof OtherUser) return { ...known, state: "another user's", about: undefined };
    if (isNobodyThere(thrown)) return { ...known, state: 'starting', about: undefined };
    throw thrown;
  }
}

function tableOf(all: readonly Listed[]): string {
  if (all.length === 0) return 'No playground runs here.\n';
  const rows = all.map(({ name, pid, state, about }) => [
    name,
    state,
    about === undefined ? '' : `${about.pods.ready}/${about.pods.all}`,
    `${pid}`,
    about?.way ?? '',
    about?.directory ?? '',
  ]);
  return table(['NAME', 'STATE', 'READY', 'PROCESS', 'RUNS', 'MANIFESTS'], rows);
}
