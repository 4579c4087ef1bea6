import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concerns, readDeviations, readWorld } from '@osm/playground';
import { deviationsFile, ownWorlds, worldsDirectory } from './places.ts';

describe('deviations.json', () => {
  it.each(ownWorlds())('names one request of the world %s with each of its deviations', (name) => {
    const { steps } = readWorld(join(worldsDirectory, name));
    for (const deviation of readDeviations(deviationsFile, name)) {
      const found = steps.flatMap((step) =>
        step.requests.filter((request) => concerns(deviation, step.name, request)),
      );
      expect(found, `${deviation.step}: ${deviation.from} ${deviation.request}`).toHaveLength(1);
    }
  });
});
