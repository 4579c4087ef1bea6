import { bytesPerAddedProxy, type BenchResult } from './result.ts';

/** One demand on the speed of the mesh, and what this run says to it. */
export interface Bar {
  readonly name: string;
  /** The least that is asked: the value must not be above it. */
  readonly most: number;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | 'kB' | 'bytes' | 'x';
  readonly met: boolean;
}

const megabyte = 1e6;
const kilobyte = 1e3;

/**
 * The demands for 500 services x 2 pods on 2 cores. Smaller meshes are held to the same numbers. A part that was not measured
 * has no bar.
 */
export function judge(result: BenchResult): readonly Bar[] {
  const bars: Bar[] = [];
  const demand = (
    name: string,
    unit: Bar['unit'],
    limits: { most: number; value: number },
  ): void => {
    bars.push({ name, unit, ...limits, met: limits.value <= limits.most });
  };
  demand('cold start, all complete', 'ms', { most: 8000, value: result.coldStart.completeMs.max });
  for (const [name, change] of Object.entries(result.changes)) {
    if (name === 'target-added') continue;
    demand(`${name} p50`, 'ms', { most: 15, value: change.latencyMs.p50 });
    demand(`${name} p99`, 'ms', { most: 60, value: change.latencyMs.p99 });
    demand(`${name} to others`, 'bytes', { most: 0, value: change.unaffectedBytes });
  }
  for (const [name, { change, bare }] of Object.entries(result.everybody ?? {}))
    demand(`everybody, ${name}, p99 against bare fan-out`, 'x', {
      most: 2,
      value: change.latencyMs.p99 / bare.latencyMs.p99,
    });
  const { sustained, memory, smallMemory, permissive } = result;
  if (sustained !== undefined) {
    demand('sustained, staleness p99', 'ms', { most: 100, value: sustained.stalenessMs.p99 });
    demand('sustained, memory end against start', 'x', {
      most: 1.05,
      value: sustained.memoryEndBytes / sustained.memoryStartBytes,
    });
  }
  if (memory !== undefined)
    demand('five services, resident, idle and at the end', 'MB', {
      most: 650,
      value: Math.max(memory.idle.totalBytes, memory.end.totalBytes) / megabyte,
    });
  if (memory !== undefined && smallMemory !== undefined)
    demand('growth per added proxy', 'kB', {
      most: 200,
      value: bytesPerAddedProxy(smallMemory, memory.idle) / kilobyte,
    });
  if (permissive !== undefined) {
    demand('permissive against SMI, cold start', 'x', {
      most: 2,
      value: permissive.coldStart.completeMs.max / result.coldStart.completeMs.max,
    });
    if (memory !== undefined)
      demand('permissive against SMI, memory', 'x', {
        most: 2,
        value: permissive.memory.totalBytes / memory.idle.totalBytes,
      });
  }
  return bars;
}
