import type { Edit } from './change-plan.ts';

/** An edit that was made, and when the directory showed it. */
export interface MadeEdit extends Edit {
  readonly atMs: number;
}

/** A time during which something was taken away. */
export interface Absence {
  readonly fromMs: number;
  /** Until it was given back, or the end. */
  readonly untilMs: number;
}

/** From each removal of the file until it comes back. */
export function absencesOf(edits: readonly MadeEdit[], file: string, endMs: number): Absence[] {
  return absences(
    edits.filter((edit) => edit.file === file),
    ({ text }) => text === undefined,
    endMs,
  );
}

/** From each removal of a pod from the service until it comes back, by the pod's name. */
export function endpointAbsences(
  edits: readonly MadeEdit[],
  file: string,
  endMs: number,
): readonly (Absence & { readonly pod: string })[] {
  const relevant = edits.filter((edit) => edit.file === file);
  return relevant.flatMap(({ removes, atMs }, index) =>
    removes?.pod === undefined
      ? []
      : [{ pod: removes.pod, fromMs: atMs, untilMs: relevant[index + 1]?.atMs ?? endMs }],
  );
}

function absences(
  edits: readonly MadeEdit[],
  takesAway: (edit: MadeEdit) => boolean,
  endMs: number,
): Absence[] {
  return edits.flatMap((edit, index) =>
    takesAway(edit) ? [{ fromMs: edit.atMs, untilMs: edits[index + 1]?.atMs ?? endMs }] : [],
  );
}

/** A time during which a process of this machine wanted to compute and was not let. */
export type Stall = readonly [fromMs: number, toMs: number];

/** How long a removed thing was still used. */
export interface Delay {
  /** From the removal until the last use, 0 without any. */
  readonly measuredMs: number;
  /** The same without the time for which the machine stood still in between. */
  readonly correctedMs: number;
}

/** The delays of all removals; `uses` are times of uses that must not happen while it is away. */
export function delaysOf(
  removals: readonly Absence[],
  uses: readonly number[],
  stalls: readonly Stall[],
): readonly Delay[] {
  return removals.map(({ fromMs, untilMs }) => {
    const last = uses.reduce((max, at) => (at < untilMs && at > max ? at : max), fromMs);
    const stalled = stalls.reduce(
      (sum, [from, to]) => sum + Math.max(0, Math.min(to, last) - Math.max(from, fromMs)),
      0,
    );
    return { measuredMs: last - fromMs, correctedMs: last - fromMs - stalled };
  });
}

/** One line for people: how the delays are spread, and how many are above the limit. */
export function describeDelays(what: string, delays: readonly Delay[], limitMs: number): string {
  const row = (of: (delay: Delay) => number): string => {
    const sorted = delays.map(of).sort((a, b) => a - b);
    const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    const late = sorted.filter((value) => value > limitMs).length;
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms, ${late} above ${limitMs}`;
  };
  return `${what}: ${delays.length} removals; ${row((one) => one.measuredMs)}; without stalls ${row((one) => one.correctedMs)}`;
}
