import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ownWorlds, worldsDirectory } from './places.ts';

export const help = `Usage: npm run worlds -- [NAME...] [--world DIR]... [--only STEP]... [--patience SECONDS] [--verbose]

Runs worlds, small meshes with recorded outcomes, in a playground, and compares: those of apps/mesh-e2e/worlds with these names,
those in other directories, or without either all of apps/mesh-e2e/worlds. Exit status 1 when an outcome differs.

  --world DIR         a directory with world.yaml and requests.json; can be repeated
  --only STEP         send only this step's requests (changes of other steps are made); can be repeated
  --patience SECONDS  how long requests whose outcome differs are sent again (default 15)
  --verbose, -v       show all requests, not only those that differ
`;

export interface WorldsOptions {
  readonly kind: 'run';
  /** Absolute directories. */
  readonly worlds: readonly string[];
  readonly only: readonly string[];
  readonly patienceMs: number;
  readonly verbose: boolean;
}

/** What the arguments ask for; a text for the user when they ask for help or are wrong. */
export function readCommandLine(
  args: readonly string[],
): WorldsOptions | { readonly kind: 'say'; readonly text: string; readonly status: number } {
  const options = {
    world: { type: 'string', multiple: true, default: [] as string[] },
    only: { type: 'string', multiple: true, default: [] as string[] },
    patience: { type: 'string', default: '15' },
    verbose: { type: 'boolean', short: 'v', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  const wrong = (text: string) => ({ kind: 'say' as const, text: `${text}\n\n${help}`, status: 2 });
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (thrown) {
    return wrong(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'say', text: help, status: 0 };
  const isNone = positionals.length === 0 && values.world.length === 0;
  const own = ownWorlds();
  const unknown = positionals.find((name) => !own.includes(name));
  if (unknown !== undefined)
    return wrong(`There is no world ${unknown}; there are ${own.join(', ')}.`);
  const names = isNone ? own : positionals;
  const others = values.world.map((directory) => resolve(directory));
  const lost = others.find((directory) =>
    ['world.yaml', 'requests.json'].some((file) => !existsSync(join(directory, file))),
  );
  if (lost !== undefined)
    return wrong(`${lost} is not a world: it wants world.yaml and requests.json.`);
  const patience = Number(values.patience);
  if (!(patience >= 0)) return wrong('--patience: a number of seconds.');
  return {
    kind: 'run',
    worlds: [...names.map((name) => join(worldsDirectory, name)), ...others],
    only: values.only,
    patienceMs: patience * 1000,
    verbose: values.verbose,
  };
}
