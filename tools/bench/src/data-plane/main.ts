// `npm run bench:data-plane`: see docs/performance.md.
import { loadavg } from 'node:os';
import { describeMachine } from '../machine.ts';
import { runBenchProgram, type BenchContext } from '../program.ts';
import { judgeDataPlane } from './bars.ts';
import { measureSidecarMemory } from './memory.ts';
import { describeOptions, parseOptions, type DataPlaneOptions } from './options.ts';
import { renderDataPlaneReport } from './report.ts';
import type { DataPlaneResult } from './result.ts';
import { measureTraffic } from './traffic.ts';

async function measure(options: DataPlaneOptions, context: BenchContext): Promise<DataPlaneResult> {
  const loadBefore = loadavg()[0] ?? 0;
  const { parts } = options;
  return {
    machine: describeMachine(),
    loadBefore,
    traffic: parts.includes('traffic') ? await measureTraffic(options, context) : [],
    memory: parts.includes('memory') ? await measureSidecarMemory(options, context) : [],
  };
}

process.exitCode = await runBenchProgram({
  name: 'bench:data-plane',
  help: describeOptions,
  parse: parseOptions,
  measure: async (options, context) => {
    const result = await measure(options, context);
    return options.output === 'json'
      ? `${JSON.stringify({ ...result, bars: judgeDataPlane(result) }, null, 2)}\n`
      : `\n${renderDataPlaneReport(result)}`;
  },
});
