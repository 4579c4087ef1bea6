// `npm run bench:data-plane`: see docs/performance.md.
import { loadavg } from 'node:os';
import { MeshError } from '@osm/prelude';
import { describeMachine } from '../machine.ts';
import type { Cleanup } from '../world/cleanup.ts';
import { judgeDataPlane } from './bars.ts';
import { measureSidecarMemory } from './memory.ts';
import { describeOptions, parseOptions, type DataPlaneOptions } from './options.ts';
import { renderDataPlaneReport } from './report.ts';
import type { DataPlaneResult } from './result.ts';
import { measureTraffic } from './traffic.ts';

const startedAt = performance.now();
let cleanup: Cleanup | undefined;
let isEnding = false;

function note(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${text}\n`);
}

function endOnSignal(signal: NodeJS.Signals): void {
  isEnding = true;
  note(`${signal}: ending`);
  void (cleanup?.run() ?? Promise.resolve()).finally(() => process.exit(130));
}

async function measure(options: DataPlaneOptions): Promise<DataPlaneResult> {
  const loadBefore = loadavg()[0] ?? 0;
  const context = {
    ...options,
    note,
    onWorld: (current: Cleanup): void => {
      cleanup = current;
    },
  };
  return {
    machine: describeMachine(),
    loadBefore,
    traffic: options.parts.includes('traffic') ? await measureTraffic(context) : [],
    memory: options.parts.includes('memory') ? await measureSidecarMemory(context) : [],
  };
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  if (parsed.kind === 'error') {
    process.stderr.write(`${parsed.error}\nTry: npm run bench:data-plane -- --help\n`);
    return 2;
  }
  if (parsed.value === 'help') {
    process.stdout.write(describeOptions());
    return 0;
  }
  process.on('SIGINT', endOnSignal);
  process.on('SIGTERM', endOnSignal);
  const result = await measure(parsed.value);
  process.stdout.write(
    parsed.value.output === 'json'
      ? `${JSON.stringify({ ...result, bars: judgeDataPlane(result) }, null, 2)}\n`
      : `\n${renderDataPlaneReport(result)}`,
  );
  return 0;
}

process.exitCode = await main().catch((thrown: unknown) => {
  // What fails because its processes were ended is no news.
  if (!isEnding) process.stderr.write(`bench: ${MeshError.from(thrown).message}\n`);
  return isEnding ? 130 : 1;
});
