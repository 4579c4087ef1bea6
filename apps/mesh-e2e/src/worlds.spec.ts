import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeResult, ensureBinaries, ManifestSet, Playground, runWorld } from '@osm/playground';

const worlds = resolve(import.meta.dirname, '../worlds');
const names = readdirSync(worlds, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'image')
  .map((entry) => entry.name);

describe('the same YAML has the same outcomes as in the original', () => {
  let home = '';
  let playground: Playground;
  let manifests: ManifestSet;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'osm-e2e-worlds-'));
    manifests = new ManifestSet(join(home, 'manifests'));
    playground = await Playground.start({
      directory: manifests.directory,
      stateDirectory: join(home, 'state'),
      binaries: await ensureBinaries(),
      images: new Map([['oracle/app:1', join(worlds, 'image')]]),
      report: () => undefined,
    });
  }, 120_000);

  afterAll(async () => {
    await playground.close();
    rmSync(home, { recursive: true, force: true });
  }, 30_000);

  it.each(names)(
    '%s',
    async (name) => {
      const report: string[] = [];
      const options = {
        playground,
        manifests,
        patienceMs: 30_000,
        report: (line: string) => report.push(line),
      };
      const results = await runWorld(join(worlds, name), options);
      const differing = results.filter((result) => !result.isSame).flatMap(describeResult);
      expect([...report, ...differing]).toEqual([]);
      expect(results.length).toBeGreaterThan(9);
    },
    300_000,
  );
});
