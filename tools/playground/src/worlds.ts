// `node tools/playground/run.mjs worlds WORLD...`: runs worlds in a playground and compares. See apps/mesh-e2e/worlds/README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MeshError } from '@osm/prelude';
import { endOfRun, prepare, startUnlessEnded } from './commands/up.ts';
import { repositoryRoot } from './repository.ts';
import { stateDirectoryOf } from './state-directory.ts';
import { ManifestSet } from './worlds/manifest-set.ts';
import { describeResult } from './worlds/outcome.ts';
import { runWorld, type WorldOptions } from './worlds/world-run.ts';

const help = `Usage: node tools/playground/run.mjs worlds WORLD... [--image NAME=DIR] [--only STEP] [--patience SECONDS] [--report FILE] [-v]

Runs worlds (folders with world.yaml and requests.json) in a playground and compares the outcomes of their requests with the recorded
ones, or with those of deviations.json. Exit status 1 when one differs.
`;

const standardImage = join(repositoryRoot, 'apps/mesh-e2e/worlds/image');

process.exit(await main());

interface WorldSummary {
  readonly world: string;
  readonly requests: number;
  readonly differ: number;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      image: { type: 'string', multiple: true, default: [`oracle/app:1=${standardImage}`] },
      only: { type: 'string', multiple: true },
      patience: { type: 'string', default: '30' },
      report: { type: 'string' },
      name: { type: 'string', default: 'worlds' },
      verbose: { type: 'boolean', short: 'v', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  if (values.help || positionals.length === 0) {
    process.stdout.write(help);
    return values.help ? 0 : 2;
  }
  const binaries = await prepare();
  if (typeof binaries === 'number') return binaries;
  const stateDirectory = stateDirectoryOf(values.name);
  const directory = join(stateDirectory, 'manifests');
  const end = endOfRun();
  const playground = await startUnlessEnded(end, {
    directory,
    stateDirectory,
    binaries,
    images: new Map(values.image.map(parseImage)),
    prepare: () => mkdirSync(directory),
    report: (line) => say(`  (${line})`),
  });
  if (playground === undefined) return 130;
  const summary: WorldSummary[] = [];
  const options = {
    playground,
    manifests: new ManifestSet(directory),
    patienceMs: Number(values.patience) * 1000,
    report: say,
    ...(values.only === undefined ? {} : { only: values.only }),
  };
  const work = runAll(positionals, options, { verbose: values.verbose, summary });
  const ended = await Promise.race([end.reason, work]).catch(
    (thrown: unknown) => MeshError.from(thrown).message,
  );
  await playground.close();
  if (ended !== '') say(ended);
  if (values.report !== undefined)
    writeFileSync(values.report, `${JSON.stringify(summary, null, 1)}\n`);
  return ended !== '' || summary.some((world) => world.differ > 0) ? 1 : 0;
}

/** Resolves with an empty text when all worlds have run. */
async function runAll(
  worlds: readonly string[],
  options: WorldOptions,
  output: { readonly verbose: boolean; readonly summary: WorldSummary[] },
): Promise<string> {
  for (const world of worlds) {
    const startedAt = performance.now();
    say(`== ${basename(world)}`);
    const results = await runWorld(resolve(world), options);
    const shown = output.verbose ? results : results.filter((result) => !result.isSame);
    for (const line of shown.flatMap(describeResult)) say(line);
    const differ = results.filter((result) => !result.isSame).length;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(`   ${results.length - differ} of ${results.length} as wanted (${seconds} s)`);
    output.summary.push({ world: basename(world), requests: results.length, differ });
  }
  return '';
}

function parseImage(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), resolve(text.slice(at + 1))];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
