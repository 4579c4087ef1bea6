import { cpus, release, totalmem } from 'node:os';
import type { Machine } from './result.ts';

/** The machine that this runs on. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  };
}
