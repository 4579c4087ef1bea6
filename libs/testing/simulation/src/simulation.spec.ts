import { describe, expect, it } from 'vitest';
import { runBatch } from './batch.ts';
import { whatIsMissing } from './coverage.ts';
import { runParallel } from './parallel.ts';
import { regressionSeeds } from './regression-seeds.ts';
import { runSchedule } from './schedule.ts';
import { showReport } from './show-report.ts';

const schedules = Number(process.env['OSM_SIMULATION_SCHEDULES'] ?? 10_000);
/** The same schedules for everybody, so that a change is judged by what it changes; `npm run simulate` looks for new ones. */
const base = Number(process.env['OSM_SIMULATION_SEED'] ?? 20_261_121);

describe('the services under simulation', () => {
  it('the same seed gives the same run, step by step', async () => {
    const trace = async (seed: number): Promise<readonly string[]> => {
      const lines: string[] = [];
      await runSchedule({ seed, say: (line) => lines.push(line) });
      return lines;
    };
    const first = await trace(7);
    expect(first.length).toBeGreaterThan(100);
    expect(await trace(7)).toEqual(first);
    expect(await trace(8)).not.toEqual(first);
  }, 60_000);

  it('holds what went wrong before', async () => {
    const report = await runBatch({ seeds: regressionSeeds, failuresMax: 20 });
    expect(report.failures).toEqual([]);
  }, 120_000);

  it(`holds in ${schedules} schedules, base seed ${base}`, async () => {
    const startedMs = performance.now();
    const report = await runParallel(base, schedules);
    process.stdout.write(showReport(report, base, performance.now() - startedMs));
    expect(report.failures).toEqual([]);
    expect(report.schedules).toBe(schedules);
    expect(whatIsMissing(report.counts, schedules)).toEqual([]);
  }, 1_200_000);
});
