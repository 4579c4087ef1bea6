import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Deviation, WorldRequest } from './world-format.ts';

/** The file of deviations that goes with a world: beside its folder, shared with the worlds next to it. */
export function deviationsFileOf(directory: string): string {
  return join(dirname(directory), 'deviations.json');
}

/** The deviations of one world in a file of many; none when the file is not there. */
export function readDeviations(file: string, world: string): Deviation[] {
  if (!existsSync(file)) return [];
  const all = JSON.parse(readFileSync(file, 'utf8')) as readonly Deviation[];
  return all.filter((deviation) => deviation.world === world);
}

/** Is the deviation about this request? */
export function concerns(deviation: Deviation, step: string, request: WorldRequest): boolean {
  return (
    deviation.step === step &&
    deviation.from === request.from &&
    deviation.request === (request.http ?? request.tcp) &&
    deviation.send === request.send &&
    JSON.stringify(deviation.headers ?? {}) === JSON.stringify(request.headers ?? {})
  );
}
