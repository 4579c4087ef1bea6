import { describe, expect, it } from 'vitest';
import { runBatch, seedsFrom } from './batch.ts';
import { mutants } from './mutants.ts';

/** Rare ones begin where they are known to be found; how many schedules each may take. */
const searches: Readonly<Record<string, readonly [from: number, schedules: number]>> = {
  'leads without having caught up': [1289, 1],
};

describe('the simulation finds', () => {
  for (const mutant of mutants) {
    const [from, schedules] = searches[mutant.name] ?? [1, 60];
    it(`a service that ${mutant.name}, within ${schedules} schedules`, async () => {
      const seeds = seedsFrom(from, schedules);
      const { failures } = await runBatch({ seeds, mutant, failuresMax: 1 });
      expect(failures).toHaveLength(1);
    }, 120_000);
  }
});
