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
  /** The same without the stalls in between. */
  readonly correctedMs: number;
  /** The machine was stalled or overloaded for most of the time: the delay says nothing about the mesh. */
  readonly isStalled: boolean;
}

/**
 * The delays of all removals; `uses` are times of uses that must not happen while it is away. What is used for longer than `limitMs` is
 * too long.
 */
export function delaysOf(
  removals: readonly Absence[],
  options: {
    readonly uses: readonly number[];
    readonly stalls: readonly Stall[];
    /** Times of which no more is known than that some processes had to wait. */
    readonly busy?: readonly Stall[];
    readonly limitMs: number;
  },
): readonly Delay[] {
  const { uses, stalls, busy = [], limitMs } = options;
  return removals.map(({ fromMs, untilMs }) => {
    const last = uses.reduce((max, at) => (at < untilMs && at > max ? at : max), fromMs);
    const until = Math.max(last, fromMs + limitMs);
    return {
      measuredMs: last - fromMs,
      correctedMs: last - fromMs - stalledWithin(stalls, fromMs, last),
      isStalled: [stalls, busy].some(
        (times) => stalledWithin(times, fromMs, until) > (until - fromMs) / 2,
      ),
    };
  });
}

function stalledWithin(stalls: readonly Stall[], fromMs: number, untilMs: number): number {
  return stalls.reduce(
    (sum, [from, to]) => sum + Math.max(0, Math.min(to, untilMs) - Math.max(from, fromMs)),
    0,
  );
}

/** An overloaded machine excuses no more than this many times the limit. */
const excusedTimes = 5;

/** The delays that are the mesh's fault: too long without the stalls, on a machine that had time; or far too long on any. */
export function tooLong(delays: readonly Delay[], limitMs: number): readonly Delay[] {
  return delays.filter(
    ({ correctedMs, isStalled }) => correctedMs > (isStalled ? excusedTimes * limitMs : limitMs),
  );
}

/** One line for people: how the delays are spread, as measured and without stalls, and how many are above the limit. */
export function describeDelays(what: string, delays: readonly Delay[], limitMs: number): string {
  const row = (of: (delay: Delay) => number): string => {
    const sorted = delays.map(of).sort((a, b) => a - b);
    const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    const late = sorted.filter((value) => value > limitMs).length;
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms, ${late} above ${limitMs}`;
  };
  const stalled = delays.filter(({ isStalled }) => isStalled).length;
  return (
    `${what}: ${delays.length} removals; ${row((one) => one.measuredMs)}; ` +
    `without stalls ${row((one) => one.correctedMs)}; ${stalled} on an overloaded machine`
  );
}
