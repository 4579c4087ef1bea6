// `npm run bench`: see docs/performance.md.
import { writeFile } from 'node:fs/promises';
import { judge } from './bars.ts';
import { MeshError } from '@osm/prelude';
import { describeOptions, parseOptions } from './options.ts';
import { renderReport } from './report.ts';
import { runBench } from './run.ts';
import type { Cleanup } from './world/cleanup.ts';

const startedAt = performance.now();
let cleanup: Cleanup | undefined;

function note(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${text}\n`);
}

let isEnding = false;

function endOnSignal(signal: NodeJS.Signals): void {
  isEnding = true;
  note(`${signal}: ending`);
  void (cleanup?.run() ?? Promise.resolve()).finally(() => process.exit(130));
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  if (parsed.kind === 'error') {
    process.stderr.write(`${parsed.error}\nTry: npm run bench -- --help\n`);
    return 2;
  }
  if (parsed.value === 'help') {
    process.stdout.write(describeOptions());
    return 0;
  }
  const options = parsed.value;
  process.on('SIGINT', endOnSignal);
  process.on('SIGTERM', endOnSignal);
  const result = await runBench(options, {
    note,
    onWorld: (current) => {
      cleanup = current;
    },
  });
  process.stdout.write(`\n${renderReport(result)}`);
  if (options.out !== undefined)
    await writeFile(
      options.out,
      `${JSON.stringify({ ...result, bars: judge(result) }, null, 2)}\n`,
    );
  return 0;
}

process.exitCode = await main().catch((thrown: unknown) => {
  // What fails because its processes were ended is no news.
  if (!isEnding) process.stderr.write(`bench: ${MeshError.from(thrown).message}\n`);
  return isEnding ? 130 : 1;
});
