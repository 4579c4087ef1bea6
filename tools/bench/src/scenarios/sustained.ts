import { setTimeout as sleep } from 'node:timers/promises';
import { plainServices, switchEndpoint } from '../mesh/changes.ts';
import { percentile, summarise, type Summary } from '../statistics.ts';
import type { ServiceName } from '../world/services.ts';
import type { World } from '../world/world.ts';
import { applyChange } from './change-scenario.ts';
import { readMemory } from './memory.ts';

/** Endpoint changes at a fixed rate, whether earlier ones have arrived or not. */
export interface SustainedResult {
  readonly changes: number;
  readonly seconds: number;
  /** From the write until an affected proxy has it, over all changes and proxies. */
  readonly stalenessMs: Summary;
  readonly cpuSeconds: Readonly<Record<ServiceName, number>>;
  /** Memory of all services: medians of the first and of the last third of the time. */
  readonly memoryStartBytes: number;
  readonly memoryEndBytes: number;
}

export interface SustainedOptions {
  readonly seconds: number;
  readonly perSecond: number;
}

const sampleEveryMs = 1000;

export async function measureSustained(
  world: World,
  options: SustainedOptions,
): Promise<SustainedResult> {
  await world.quiet();
  const services = plainServices(world.plan);
  const count = options.seconds * options.perSecond;
  const intervalMs = 1000 / options.perSecond;
  const before = await world.snapshot();
  const memory: number[] = [];
  const sampler = setInterval(() => {
    // A service that has ended has no memory; whoever waits for its work says so.
    readMemory(world).then(
      ({ totalBytes }) => memory.push(totalBytes),
      () => undefined,
    );
  }, sampleEveryMs);
  const arrivals: Promise<number[]>[] = [];
  const startedAt = performance.now();
  try {
    for (let index = 0; index < count; index += 1) {
      await sleep(Math.max(0, startedAt + index * intervalMs - performance.now()));
      const service = services[index % services.length];
      if (service === undefined) break;
      // Round by round: all lose a pod, then all get it back.
      const present = Math.floor(index / services.length) % 2 === 1;
      const arrival = applyChange(world, switchEndpoint(world.plan, service, present));
      arrival.catch(() => undefined);
      arrivals.push(arrival);
    }
    const staleness = (await Promise.all(arrivals)).flat();
    const third = Math.ceil(memory.length / 3);
    return {
      changes: arrivals.length,
      seconds: options.seconds,
      stalenessMs: summarise(staleness),
      cpuSeconds: world.since(before, await world.snapshot()).cpuSeconds,
      memoryStartBytes: percentile(memory.slice(0, third), 50),
      memoryEndBytes: percentile(memory.slice(-third), 50),
    };
  } finally {
    clearInterval(sampler);
  }
}
