import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeResult, readWorld, runWorld, type RequestResult } from '@osm/playground';
import { repositoryRoot } from '@osm/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useMesh } from '../harness/mesh.ts';
import { clusterGround } from './cluster-ground.ts';

// The worlds of apps/mesh-e2e on a cluster: the outcomes that OSM gave there, or what is decided in deviations.json.

const home = join(repositoryRoot, 'apps/mesh-e2e/worlds');
const deviationsFile = join(home, 'deviations.json');
const patienceMs = 20_000;
const worldMsMax = 400_000;
const isWorld = (name: string): boolean => existsSync(join(home, name, 'requests.json'));
const named = process.env['OSM_TEST_WORLDS']?.split(',');
const worlds = readdirSync(home)
  .filter(isWorld)
  .filter((name) => named?.includes(name) ?? true)
  .sort();

// A world that changes the MeshConfig changes it for all, so it runs alone; the others share the time.
const isAlone = (name: string): boolean =>
  readWorld(join(home, name)).steps.some(({ meshConfig }) => meshConfig !== undefined);
const atOnceMax = 3;

/** Objects of worlds that the API server refuses, as it did with OSM: by schema, by the validating webhook. */
const refused: Readonly<Record<string, readonly RegExp[]>> = {
  targets: [/TrafficTarget "norules" is invalid/, /denied the request: TrafficTarget tg\/foreign/],
};

interface Ran {
  readonly results: readonly RequestResult[];
  readonly said: readonly string[];
}

async function play(name: string): Promise<Ran> {
  const said: string[] = [];
  const ground = clusterGround(readWorld(join(home, name)).namespaces);
  const report = (line: string): void => void said.push(line);
  await ground.clear(worldMsMax);
  const results = await runWorld(join(home, name), {
    ...{ ground, patienceMs, deviationsFile, report },
  });
  return { results, said };
}

describe('every world has on a cluster the outcomes that were recorded or decided', () => {
  const runs = new Map<string, Promise<Ran>>();

  beforeAll(async () => {
    await useMesh();
    const queue = worlds.filter((name) => !isAlone(name));
    const shared: Promise<unknown>[] = [];
    const lane = async (): Promise<void> => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        const run = play(name);
        runs.set(name, run);
        await run.catch(() => undefined);
      }
    };
    for (let i = 0; i < atOnceMax; i++) shared.push(lane());
    await Promise.all(shared);
  }, worldMsMax * 2);

  afterAll(useMesh);

  describe.each(worlds)('world %s', (name) => {
    const steps = readWorld(join(home, name)).steps;

    beforeAll(async () => {
      if (isAlone(name)) runs.set(name, play(name));
      await runs.get(name);
    }, worldMsMax);

    it('has pods that are ready, and objects that can be applied or are refused', async () => {
      const wanted = (refused[name] ?? []).map((words) => expect.stringMatching(words));
      expect((await runs.get(name))?.said).toEqual(wanted);
    });

    it.each(steps.map((step) => [step.name, step.requests.length] as const))(
      'step %s: %i requests',
      async (step, count) => {
        const own = (await runs.get(name))?.results.filter((one) => one.step === step) ?? [];
        expect(own.filter(({ isSame }) => !isSame).flatMap(describeResult)).toEqual([]);
        expect(own).toHaveLength(count);
      },
    );
  });
});
