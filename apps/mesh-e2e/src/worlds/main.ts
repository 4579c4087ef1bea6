// `npm run worlds`: runs recorded worlds in a playground and compares. See apps/mesh-e2e/worlds/README.md.
import { endOfRun, prepare } from '@osm/playground';
import { readCommandLine, type WorldsOptions } from './command-line.ts';
import { runWorlds, startForWorlds } from './run-worlds.ts';

process.exit(await main());

async function main(): Promise<number> {
  const asked = readCommandLine(process.argv.slice(2));
  if (asked.kind === 'say') {
    process.stdout.write(asked.text);
    return asked.status;
  }
  try {
    return await run(asked);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return 1;
  }
}

async function run(options: WorldsOptions): Promise<number> {
  const binaries = await prepare();
  if (typeof binaries === 'number') return binaries;
  const end = endOfRun();
  const { worlds } = options;
  const report = (line: string): void => say(`  (${line})`);
  const started = await startForWorlds({ worlds, binaries, end, report });
  if (started === undefined) return 130;
  const ended = await Promise.race([end.reason, runWorlds(started, options, say)]);
  await started.close();
  return typeof ended === 'string' ? 130 : ended > 0 ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
