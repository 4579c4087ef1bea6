import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ensureBinaries,
  playgroundGround,
  readWorld,
  runWorld,
  type RequestResult,
} from '@osm/playground';
import { deviationsFile, ownWorlds, worldsDirectory } from './worlds/places.ts';
import { startForWorlds, type WorldsPlayground } from './worlds/run-worlds.ts';
import { resultLines } from './worlds/tally.ts';

// Real Envoys, the five services and the recorded outcomes of the original: the same YAML means the same thing here.

const directories = ownWorlds().map((name) => join(worldsDirectory, name));
const patienceMs = 30_000;
const worldMsMax = 300_000;

describe('the same YAML has the same outcomes as in the original', () => {
  let started: WorldsPlayground;

  beforeAll(async () => {
    const end = { reason: new Promise<string>(() => undefined), now: (): void => undefined };
    const binaries = await ensureBinaries();
    const options = { worlds: directories, binaries, end, report: (): void => undefined };
    const playground = await startForWorlds(options);
    if (playground === undefined) throw new Error('the playground did not start');
    started = playground;
  }, 120_000);

  afterAll(() => started.close(), 30_000);

  describe.each(directories.map((directory) => [basename(directory), directory] as const))(
    'world %s',
    (_name, directory) => {
      const { steps } = readWorld(directory);
      const said: string[] = [];
      let results: readonly RequestResult[] = [];

      beforeAll(async () => {
        const { playground, manifests } = started;
        const report = (line: string): void => void said.push(line);
        results = await runWorld(directory, {
          ...{
            ground: playgroundGround(playground, manifests),
            patienceMs,
            deviationsFile,
            report,
          },
        });
      }, worldMsMax);

      it('has pods that are ready and objects that can be applied', () => expect(said).toEqual([]));

      it.each(steps.map((step) => [step.name, step.requests.length] as const))(
        'step %s: %i requests',
        (name, count) => {
          const own = results.filter((result) => result.step === name);
          expect(resultLines(own, false)).toEqual([]);
          expect(own).toHaveLength(count);
        },
      );
    },
  );
});
