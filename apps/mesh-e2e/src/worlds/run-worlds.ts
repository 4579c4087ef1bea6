import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  ManifestSet,
  playgroundGround,
  readWorld,
  runWorld,
  startUnlessEnded,
  type Binaries,
  type EndOfRun,
  type Playground,
  type RequestResult,
} from '@osm/playground';
import type { WorldsOptions } from './command-line.ts';
import { imageName, prepareImage } from './image.ts';
import { deviationsFile } from './places.ts';
import { resultLines, tallyLine, tallyOf } from './tally.ts';

/** A playground for worlds, which run in it one after another, and where their objects are written. */
export interface WorldsPlayground {
  readonly playground: Playground;
  readonly manifests: ManifestSet;
  readonly close: () => Promise<void>;
}

/** Starts a playground that can run these worlds; undefined when the run is to end before it has started. */
export async function startForWorlds(options: {
  readonly worlds: readonly string[];
  readonly binaries: Binaries;
  readonly end: EndOfRun;
  readonly report: (line: string) => void;
}): Promise<WorldsPlayground | undefined> {
  const { worlds, binaries, end, report } = options;
  const home = mkdtempSync(join(tmpdir(), 'osm-worlds-'));
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  try {
    const image = join(home, 'image');
    prepareImage(image, worlds);
    const manifests = new ManifestSet(join(home, 'manifests'));
    const playground = await startUnlessEnded(end, {
      directory: manifests.directory,
      stateDirectory: join(home, 'state'),
      binaries,
      images: new Map([[imageName, image]]),
      report,
    });
    const close = async (): Promise<void> => {
      await playground?.close();
      remove();
    };
    if (playground !== undefined) return { playground, manifests, close };
    remove();
    return undefined;
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

/** Runs worlds and says how they went. Returns how many requests differ. */
export async function runWorlds(
  { playground, manifests }: WorldsPlayground,
  { worlds, only, patienceMs, verbose }: WorldsOptions,
  say: (line: string) => void,
): Promise<number> {
  let differ = 0;
  const ground = playgroundGround(playground, manifests);
  for (const world of worlds) {
    const startedAt = performance.now();
    say(`== ${basename(world)}`);
    let results: readonly RequestResult[] = [];
    try {
      const rest = only.length === 0 ? {} : { only };
      const options = { ground, patienceMs, deviationsFile, report: say, ...rest };
      results = await runWorld(world, options);
    } catch (thrown) {
      say(`  ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    const steps = readWorld(world).steps.filter(
      ({ name }) => only.length === 0 || only.includes(name),
    );
    const requests = steps.reduce((sum, step) => sum + step.requests.length, 0);
    const tally = tallyOf(results, requests);
    for (const line of resultLines(results, verbose)) say(line);
    say(`   ${tallyLine(tally)} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
    differ += tally.differ;
  }
  return differ;
}
