import { parseArgs } from 'node:util';
import { runBatch, type Report } from './batch.ts';
import { mutants } from './mutants.ts';
import { runParallel } from './parallel.ts';
import { runSchedule } from './schedule.ts';
import { showReport } from './show-report.ts';

const usage = `npm run simulate -- [--seed N] [--schedules N] [--trace] [--mutant NAME]

Runs schedules of the services' protocols on a simulated NATS and checks their laws; see libs/testing/simulation/README.md.
  --seed N        of the first schedule; random when absent, and always printed
  --schedules N   how many (1); the seeds that follow
  --trace         prints every step of the schedule of --seed
  --mutant NAME   with this bug built in: ${mutants.map(({ name }) => name).join('; ')}
`;

/** @throws Error for an option that is not known */
function readOptions() {
  return parseArgs({
    options: {
      seed: { type: 'string' },
      schedules: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

/** Ends the program with the remedy. */
function refuse(reason: string): never {
  process.stderr.write(`${reason}\n\n${usage}`);
  process.exit(2);
}

let values: ReturnType<typeof readOptions>;
try {
  values = readOptions();
} catch (thrown) {
  refuse(thrown instanceof Error ? thrown.message : String(thrown));
}
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const schedules = Number(values.schedules);
const mutant = mutants.find(({ name }) => name === values.mutant);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(schedules) || seed < 0)
  refuse('--seed and --schedules take whole numbers');
if (values.mutant !== undefined && mutant === undefined)
  refuse(`--mutant ${values.mutant} is not known`);

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
