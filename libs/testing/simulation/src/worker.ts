import { runBatch, seedsFrom } from './batch.ts';

// One process of a run: seeds from the command line, a report on stdout.
// Errors are values here; nobody reads where they were made.
Error.stackTraceLimit = 0;
const [base, schedules] = process.argv.slice(2).map(Number);
const report = await runBatch({ seeds: seedsFrom(base ?? 1, schedules ?? 0), failuresMax: 20 });
process.stdout.write(JSON.stringify(report));
