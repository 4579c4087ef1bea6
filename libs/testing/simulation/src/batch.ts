import { runSchedule, type Outcome } from './schedule.ts';
import type { Mutant } from './world.ts';

/** Many schedules, added up. Plain values: it travels between processes as JSON. */
export interface Report {
  readonly schedules: number;
  readonly steps: number;
  readonly failures: readonly Failure[];
  readonly counts: Readonly<Record<string, number>>;
  readonly convergedMsMax: number;
}

export interface Failure {
  readonly seed: number;
  readonly law: string;
  readonly details: string;
  readonly atMs: number;
}

export interface BatchOptions {
  readonly seeds: readonly number[];
  readonly mutant?: Mutant | undefined;
  /** Ends the batch; the ones after it are not run. */
  readonly failuresMax: number;
}

export const noSchedules: Report = {
  schedules: 0,
  steps: 0,
  failures: [],
  counts: {},
  convergedMsMax: 0,
};

/** Seeds that follow each other, within what a seed may be. */
export function seedsFrom(base: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => (base + at) % 2 ** 32);
}

/** Runs the schedules of some seeds one after the other. */
export async function runBatch({ seeds, mutant, failuresMax }: BatchOptions): Promise<Report> {
  let report = noSchedules;
  for (const seed of seeds) {
    report = addReports(report, reportOf(await runSchedule({ seed, mutant })));
    if (report.failures.length >= failuresMax) break;
  }
  return report;
}

export function addReports(a: Report, b: Report): Report {
  const counts: Record<string, number> = { ...a.counts };
  for (const [what, count] of Object.entries(b.counts)) counts[what] = (counts[what] ?? 0) + count;
  return {
    schedules: a.schedules + b.schedules,
    steps: a.steps + b.steps,
    failures: [...a.failures, ...b.failures],
    counts,
    convergedMsMax: Math.max(a.convergedMsMax, b.convergedMsMax),
  };
}

function reportOf({ seed, violation, counts, steps, convergedMs }: Outcome): Report {
  return {
    schedules: 1,
    steps,
    failures: violation === undefined ? [] : [{ seed, ...violation }],
    counts: Object.fromEntries(counts),
    convergedMsMax: violation === undefined ? convergedMs : 0,
  };
}
