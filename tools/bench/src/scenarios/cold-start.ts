import { summarise, type Summary } from '../statistics.ts';
import type { ServiceName } from '../world/services.ts';
import type { World } from '../world/world.ts';

/** All proxies connect at the same moment. */
export interface ColdStartResult {
  readonly proxies: number;
  /** From the start of the services until they are ready with the mesh compiled. */
  readonly loadMs: number;
  /** From the first connect until a proxy is complete, over all proxies; `max` is the cold start. */
  readonly completeMs: Summary;
  readonly bytes: number;
  readonly responses: number;
  readonly cpuSeconds: Readonly<Record<ServiceName, number>>;
  readonly fleetCpuSeconds: number;
}

export async function measureColdStart(world: World): Promise<ColdStartResult> {
  const proxies = world.plan.services.flatMap((service) => service.pods).length;
  const before = await world.snapshot();
  const completeMs = await world.within(world.fleet.connect(proxies), 'the first configuration');
  await world.quiet();
  const traffic = await world.fleet.takeTraffic();
  const { cpuSeconds, fleetCpuSeconds } = world.since(before, await world.snapshot());
  return {
    proxies,
    loadMs: world.loadMs,
    completeMs: summarise(completeMs),
    bytes: traffic.reduce((sum, one) => sum + one.bytes, 0),
    responses: traffic.reduce((sum, one) => sum + one.responses, 0),
    cpuSeconds,
    fleetCpuSeconds,
  };
}
