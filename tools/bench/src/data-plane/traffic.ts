import { MeshError } from '@osm/prelude';
import type { BenchContext } from '../program.ts';
import { percentile } from '../statistics.ts';
import type { MeshMode } from './paper-mesh.ts';
import { startPlaygroundWorld, type PlaygroundWorld } from './playground-world.ts';
import { paths, trafficMesh, type PathName } from './traffic-mesh.ts';

/** Latency of both ways at one rate, in milliseconds. */
export interface LatencyResult {
  readonly perSecond: number;
  readonly rounds: number;
  /** Over all requests of all rounds. */
  readonly plain: Percentiles;
  readonly meshed: Percentiles;
  /** With sidecars minus without, of each round; of these the median. */
  readonly added: Percentiles;
  /** How much the way without sidecars differs from itself between the beginning and the end of a round: the median. */
  readonly noise: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** What the sidecars cost when the machine does nothing else. */
export interface ThroughputResult {
  readonly perSecond: number;
  /** Requests for each second of processor time. */
  readonly perClientSidecarSecond: number;
  readonly perServerSidecarSecond: number;
  /** Both sidecars together: requests per second and core. */
  readonly perCore: number;
}

export interface TrafficResult {
  readonly mode: MeshMode;
  readonly latency: readonly LatencyResult[];
  readonly throughput: ThroughputResult;
}

export interface TrafficOptions {
  readonly modes: readonly MeshMode[];
  readonly rates: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

const controlPort = 9900;

/** Compares both ways, round by round: without sidecars, with, and without again, so that a machine that changes changes both. */
export async function measureTraffic(
  options: TrafficOptions,
  { note, withCleanup }: BenchContext,
): Promise<readonly TrafficResult[]> {
  const results: TrafficResult[] = [];
  for (const mode of options.modes) {
    await withCleanup(async (cleanup) => {
      const world = await startPlaygroundWorld({ files: trafficMesh(mode), cleanup });
      await world.until('requests with sidecars are answered', async () => {
        // The programs may still be starting.
        const { answered } = await saturate(world, 'meshed', 0.2).catch(() => ({ answered: 0 }));
        return answered > 0;
      });
      const latency: LatencyResult[] = [];
      for (const perSecond of options.rates) {
        const result = await measureLatency(world, perSecond, options);
        const { p50, p99 } = result.added;
        note(`${mode}, ${perSecond}/s: +${p50.toFixed(2)} ms p50, +${p99.toFixed(2)} p99`);
        latency.push(result);
      }
      const throughput = await measureThroughput(world, options.seconds);
      note(`${mode}: ${Math.round(throughput.perCore)} requests/s per core`);
      results.push({ mode, latency, throughput });
    });
  }
  return results;
}

async function measureLatency(
  world: PlaygroundWorld,
  perSecond: number,
  { rounds, seconds }: TrafficOptions,
): Promise<LatencyResult> {
  const plain: number[] = [];
  const meshed: number[] = [];
  const added: Percentiles[] = [];
  const noise: Percentiles[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = await latencies(world, 'plain', perSecond, seconds);
    const through = await latencies(world, 'meshed', perSecond, seconds);
    const after = await latencies(world, 'plain', perSecond, seconds);
    plain.push(...before, ...after);
    meshed.push(...through);
    added.push(difference(percentiles(through), percentiles([...before, ...after])));
    noise.push(difference(percentiles(after), percentiles(before)));
  }
  const absolute = noise.map(({ p50, p99 }) => ({ p50: Math.abs(p50), p99: Math.abs(p99) }));
  return {
    perSecond,
    rounds,
    plain: percentiles(plain),
    meshed: percentiles(meshed),
    added: medians(added),
    noise: medians(absolute),
  };
}

/** Latencies in milliseconds. */
async function latencies(
  world: PlaygroundWorld,
  path: PathName,
  perSecond: number,
  seconds: number,
): Promise<readonly number[]> {
  const { client, host } = paths[path];
  const question = `/measure?host=${host}&rate=${perSecond}&seconds=${seconds}`;
  const text = await world.ask(client, controlPort, question, (seconds + 30) * 1000);
  const result = JSON.parse(text) as {
    readonly sent: number;
    readonly answered: number;
    readonly errors: number;
    readonly latencies: readonly number[];
  };
  if (result.errors > 0 || result.answered < result.sent)
    throw new MeshError(
      'io',
      `${path}, ${perSecond}/s: ${result.answered} of ${result.sent} requests answered, ${result.errors} broken`,
    );
  return result.latencies.map((microseconds) => microseconds / 1000);
}

async function measureThroughput(
  world: PlaygroundWorld,
  seconds: number,
): Promise<ThroughputResult> {
  const cpu = async () => ({
    client: (await world.usage(paths.meshed.client, 'envoy')).cpuSeconds,
    server: (await world.usage(paths.meshed.server, 'envoy')).cpuSeconds,
  });
  const before = await cpu();
  const { answered, ms } = await saturate(world, 'meshed', seconds);
  const after = await cpu();
  const client = after.client - before.client;
  const server = after.server - before.server;
  return {
    perSecond: (answered * 1000) / ms,
    perClientSidecarSecond: answered / client,
    perServerSidecarSecond: answered / server,
    perCore: answered / (client + server),
  };
}

async function saturate(
  world: PlaygroundWorld,
  path: PathName,
  seconds: number,
): Promise<{ readonly answered: number; readonly ms: number }> {
  const { client, host } = paths[path];
  const question = `/saturate?host=${host}&seconds=${seconds}`;
  const text = await world.ask(client, controlPort, question, (seconds + 30) * 1000);
  return JSON.parse(text) as { readonly answered: number; readonly ms: number };
}

function percentiles(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 50), p99: percentile(values, 99) };
}

function difference(a: Percentiles, b: Percentiles): Percentiles {
  return { p50: a.p50 - b.p50, p99: a.p99 - b.p99 };
}

function medians(rounds: readonly Percentiles[]): Percentiles {
  return {
    p50: percentile(
      rounds.map(({ p50 }) => p50),
      50,
    ),
    p99: percentile(
      rounds.map(({ p99 }) => p99),
      50,
    ),
  };
}
