import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../program.ts';
import { paperClient, paperClientFile, paperMesh, type MeshMode } from './paper-mesh.ts';
import { startPlaygroundWorld, type PlaygroundWorld } from './playground-world.ts';

/** Memory of one sidecar that may reach so many services. */
export interface SidecarMemory {
  readonly mode: MeshMode;
  readonly services: number;
  /** Resident memory of the process, its program included. */
  readonly rssBytes: number;
  /** What Envoy itself says it has allocated. */
  readonly allocatedBytes: number;
}

export interface MemoryOptions {
  readonly sizes: readonly number[];
  readonly modes: readonly MeshMode[];
  /** Seconds without a change before memory is read. */
  readonly idleSeconds: number;
}

/** Starts a playground per size and mode, with one real sidecar, and reads its memory. */
export async function measureSidecarMemory(
  options: MemoryOptions,
  { note, withCleanup }: BenchContext,
): Promise<readonly SidecarMemory[]> {
  const results: SidecarMemory[] = [];
  for (const mode of options.modes)
    for (const services of options.sizes) {
      await withCleanup(async (cleanup) => {
        const world = await startPlaygroundWorld({
          files: paperClientFile(),
          onPaper: paperMesh(services, mode),
          cleanup,
        });
        const memory = await readSidecar(world, services, options.idleSeconds);
        note(`${services} services, ${mode}: ${(memory.rssBytes / 1e6).toFixed(1)} MB resident`);
        results.push({ mode, services, ...memory });
      });
    }
  return results;
}

async function readSidecar(
  world: PlaygroundWorld,
  services: number,
  idleSeconds: number,
): Promise<Pick<SidecarMemory, 'rssBytes' | 'allocatedBytes'>> {
  const pod = `${paperClient.namespace}/${paperClient.name}`;
  await world.until(`the proxy knows ${services} services`, async () => {
    const stats = await world.admin(pod, '/stats?filter=^cluster_manager.active_clusters$');
    return Number(stats.trim().split(': ')[1] ?? 0) > services;
  });
  await sleep(idleSeconds * 1000);
  const { rssBytes } = await world.usage(pod, 'envoy');
  const memory = JSON.parse(await world.admin(pod, '/memory')) as { readonly allocated: string };
  return { rssBytes, allocatedBytes: Number(memory.allocated) };
}
