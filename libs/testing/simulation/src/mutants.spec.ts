import { describe, expect, it } from 'vitest';
import { runBatch, seedsFrom } from './batch.ts';
import { mutants } from './mutants.ts';

/** The rarest is found about once in a hundred; what the product draws may shift where. */
const schedules = 600;

describe('the simulation finds', () => {
  for (const mutant of mutants) {
    it(`a service that ${mutant.name}, within ${schedules} schedules`, async () => {
      const seeds = seedsFrom(1, schedules);
      const { failures } = await runBatch({ seeds, mutant, failuresMax: 1 });
      expect(failures).toHaveLength(1);
    }, 300_000);
  }
});
