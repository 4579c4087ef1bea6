import { parseArgs } from 'node:util';
import { runBatch, type Report } from './batch.ts';
import { mutants } from './mutants.ts';
import { runParallel } from './parallel.ts';
import { runSchedule } from './schedule.ts';
import { showReport } from './show-report.ts';

// `npm run simulate -- [--seed N] [--schedules N] [--trace] [--mutant NAME]`; see the README.
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const schedules = Number(values.schedules);
const mutant = mutants.find(({ name }) => name === values.mutant);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(schedules) || seed < 0)
  throw new Error('--seed and --schedules take whole numbers');
if (values.mutant !== undefined && mutant === undefined)
  throw new Error(`--mutant takes one of: ${mutants.map(({ name }) => name).join('; ')}`);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const startedMs = performance.now();

async function run(): Promise<Report> {
  if (values.trace) await runSchedule({ seed, mutant, say });
  if (mutant === undefined && schedules > 100) return runParallel(seed, schedules);
  const seeds = Array.from({ length: schedules }, (_, at) => (seed + at) % 2 ** 32);
  return runBatch({ seeds, mutant, failuresMax: 20 });
}

const report = await run();
process.stdout.write(showReport(report, seed, performance.now() - startedMs));
process.exitCode = report.failures.length === 0 ? 0 : 1;
