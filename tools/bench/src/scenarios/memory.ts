import { setTimeout as sleep } from 'node:timers/promises';
import { serviceNames, type ServiceName } from '../world/services.ts';
import type { World } from '../world/world.ts';

/** Resident memory of the services; NATS does not count. */
export interface MemoryResult {
  readonly proxies: number;
  readonly rssBytes: Readonly<Record<ServiceName, number>>;
  readonly totalBytes: number;
  /** The highest total so far, sampled every second. */
  readonly peakBytes: number;
}

/** Reads memory after a time without any push. */
export async function measureMemory(world: World, idleSeconds: number): Promise<MemoryResult> {
  await world.quiet();
  await sleep(idleSeconds * 1000);
  return readMemory(world);
}

/** Reads memory now. */
export async function readMemory(world: World): Promise<MemoryResult> {
  const { usage } = await world.snapshot();
  const sum = (of: (name: ServiceName) => number): number =>
    serviceNames.reduce((total, name) => total + of(name), 0);
  return {
    proxies: world.plan.services.flatMap((service) => service.pods).length,
    rssBytes: Object.fromEntries(
      serviceNames.map((name) => [name, usage[name].rssBytes]),
    ) as Record<ServiceName, number>,
    totalBytes: sum((name) => usage[name].rssBytes),
    peakBytes: world.peakBytes(),
  };
}
