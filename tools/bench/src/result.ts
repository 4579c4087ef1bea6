import type { ChangeResult } from './scenarios/change-scenario.ts';
import type { ColdStartResult } from './scenarios/cold-start.ts';
import type { EverybodyResults } from './scenarios/everybody.ts';
import type { MemoryResult } from './scenarios/memory.ts';
import type { SustainedResult } from './scenarios/sustained.ts';

/** The changes that few proxies depend on. */
export type ChangeName =
  'weight-flip' | 'endpoint-removed' | 'endpoint-added' | 'target-removed' | 'target-added';

/** The machine that the figures are of. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
}

/** What a run measured; absent parts were not asked for. */
export interface BenchResult {
  readonly machine: Machine;
  readonly mesh: {
    readonly services: number;
    readonly replicas: number;
    readonly callers: number;
    readonly mode: 'smi' | 'permissive';
    readonly seed: number;
  };
  readonly coldStart: ColdStartResult;
  readonly changes: Readonly<Partial<Record<ChangeName, ChangeResult>>>;
  readonly everybody?: EverybodyResults;
  readonly sustained?: SustainedResult;
  /** After the idle time that follows the cold start, and at the end of the run. */
  readonly memory?: { readonly idle: MemoryResult; readonly end: MemoryResult };
  /** A mesh of a fifth, after the same idle time. */
  readonly smallMemory?: MemoryResult;
  readonly permissive?: { readonly coldStart: ColdStartResult; readonly memory: MemoryResult };
}

/** Memory that each further proxy costs, between the mesh of a fifth and the whole. */
export function bytesPerAddedProxy(small: MemoryResult, large: MemoryResult): number {
  return (large.totalBytes - small.totalBytes) / (large.proxies - small.proxies);
}
