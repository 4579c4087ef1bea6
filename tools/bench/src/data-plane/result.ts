import type { Machine } from '../result.ts';
import type { SidecarMemory } from './memory.ts';
import type { TrafficResult } from './traffic.ts';

/** What a run measured; a part that was not asked for is empty. */
export interface DataPlaneResult {
  readonly machine: Machine;
  /** Load average (1 minute) before the run: what else the machine was busy with. */
  readonly loadBefore: number;
  readonly traffic: readonly TrafficResult[];
  readonly memory: readonly SidecarMemory[];
}
