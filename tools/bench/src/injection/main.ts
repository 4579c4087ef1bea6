// `npm run bench:injection`: see docs/performance.md.
import { runBenchProgram } from '../program.ts';
import { summarise } from '../statistics.ts';
import type { Cleanup } from '../world/cleanup.ts';
import { readUsage } from '../world/usage.ts';
import { admitPods } from './drive.ts';
import { describeOptions, parseOptions, type InjectionOptions } from './options.ts';
import { startInjectionWorld, type InjectionWorld } from './world.ts';

/** Pods per minute and replica on half a core that the mesh has promised. */
const bar = 1_000;
const halfCoreSecondsPerMinute = 30;

async function measure(options: InjectionOptions, cleanup: Cleanup): Promise<string> {
  const world = await startInjectionWorld(options, cleanup);
  const drive = { url: world.url, roots: world.roots, concurrency: options.concurrency };
  const warm = await admitPods({ ...drive, seconds: Math.ceil(options.seconds / 5) });
  const before = await cpuSeconds(world);
  const startMs = performance.now();
  const took = await admitPods({ ...drive, seconds: options.seconds });
  const minutes = (performance.now() - startMs) / 60_000;
  const after = await cpuSeconds(world);
  const used = (name: 'injector' | 'certificate-manager'): number =>
    ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / took.length;
  const onHalfACore = halfCoreSecondsPerMinute / used('injector');
  const { p50, p99 } = summarise(took);
  const secrets = await world.secrets();
  return [
    `Secrets in ${options.kubeconfig === undefined ? 'a directory' : 'the Kubernetes API'}; ${options.concurrency} pods at a time`,
    `pods admitted: ${took.length}, ${Math.round(took.length / minutes)} per minute`,
    `one pod: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    `CPU per pod: injector ${ms(used('injector'))}, certificate-manager ${ms(used('certificate-manager'))}`,
    `injector on half a core: ${Math.round(onHalfACore)} pods per minute (bar ${bar}: ${onHalfACore >= bar ? 'met' : 'MISSED'})`,
    `bootstrap Secrets: ${secrets} for ${took.length + warm.length} pods`,
    '',
  ].join('\n');
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(2)} ms`;
}

async function cpuSeconds(world: InjectionWorld): Promise<ReadonlyMap<string, number>> {
  const entries = [...world.pids].map(
    async ([name, pid]) => [name, (await readUsage(pid)).cpuSeconds] as const,
  );
  return new Map(await Promise.all(entries));
}

process.exitCode = await runBenchProgram({
  name: 'bench:injection',
  help: describeOptions,
  parse: (argv) => parseOptions(argv, process.env),
  measure: (options, { withCleanup }) => withCleanup((cleanup) => measure(options, cleanup)),
});
