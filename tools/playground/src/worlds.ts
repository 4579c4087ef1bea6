// `node tools/playground/run.mjs worlds WORLD...`: runs worlds in a playground and compares. See apps/mesh-e2e/worlds/README.md.
import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MeshError } from '@osm/prelude';
import { endOfRun, prepare } from './commands/up.ts';
import { Playground } from './playground.ts';
import { repositoryRoot } from './repository.ts';
import { stateDirectoryOf } from './state-directory.ts';
import { ManifestSet } from './worlds/manifest-set.ts';
import { describeResult } from './worlds/outcome.ts';
import type { RequestResult } from './worlds/world-format.ts';
import { runWorld } from './worlds/world-run.ts';

const help = `Usage: node tools/playground/run.mjs worlds WORLD... [--image NAME=DIR] [--only STEP] [--patience SECONDS] [--report FILE] [-v]

Runs worlds (folders with world.yaml and requests.json) in a playground and compares the outcomes of their requests with the recorded
ones, or with those of deviations.json. Exit status 1 when one differs.
`;

process.exit(await main());

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      image: {
        type: 'string',
        multiple: true,
        default: [`oracle/app:1=${join(repositoryRoot, 'apps/mesh-e2e/worlds/image')}`],
      },
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
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const binaries = await prepare();
  if (typeof binaries === 'number') return binaries;
  const stateDirectory = stateDirectoryOf(values.name);
  const directory = join(stateDirectory, 'manifests');
  let manifests: ManifestSet | undefined;
  const playground = await Playground.start({
    directory,
    stateDirectory,
    binaries,
    images: new Map(
      values.image.map((text) => [
        text.slice(0, text.indexOf('=')),
        resolve(text.slice(text.indexOf('=') + 1)),
      ]),
    ),
    prepare: () => (manifests = new ManifestSet(directory)),
    report: (line) => say(`  (${line})`),
  });
  const end = endOfRun();
  const all: { readonly world: string; readonly results: readonly RequestResult[] }[] = [];
  const work = async (): Promise<void> => {
    for (const world of positionals) {
      if (manifests === undefined) return;
      const startedAt = performance.now();
      say(`== ${basename(world)}`);
      const options = {
        playground,
        manifests,
        patienceMs: Number(values.patience) * 1000,
        report: say,
        ...(values.only === undefined ? {} : { only: values.only }),
      };
      const results = await runWorld(resolve(world), options);
      for (const result of results)
        if (values.verbose || !result.isSame) for (const line of describeResult(result)) say(line);
      const same = results.filter((result) => result.isSame).length;
      say(
        `   ${same} of ${results.length} as wanted (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`,
      );
      all.push({ world: basename(world), results });
    }
  };
  let problem = '';
  const ended = await Promise.race([end.reason, work().then(() => '')]).catch(
    (thrown: unknown) => (problem = MeshError.from(thrown).message),
  );
  await playground.close();
  if (problem !== '') say(problem);
  const summary = all.map(({ world, results }) => ({
    world,
    requests: results.length,
    differ: results.filter((result) => !result.isSame).length,
  }));
  if (values.report !== undefined)
    writeFileSync(values.report, `${JSON.stringify(summary, null, 1)}\n`);
  return ended !== '' || summary.some((world) => world.differ > 0) ? 1 : 0;
}
