import { describeResult, type RequestResult } from '@osm/playground';

/** How a world went, in numbers. */
export interface Tally {
  readonly requests: number;
  readonly asRecorded: number;
  /** Not as recorded, but exactly as its deviation says. */
  readonly asDecided: number;
  readonly differ: number;
}

/** Counts the results of a world with so many requests: those that got no result differ. */
export function tallyOf(results: readonly RequestResult[], requests: number): Tally {
  const same = results.filter((result) => result.isSame);
  const asRecorded = same.filter((result) => result.isAsRecorded).length;
  return {
    requests,
    asRecorded,
    asDecided: same.length - asRecorded,
    differ: requests - same.length,
  };
}

/** The tally on one line. */
export function tallyLine({ requests, asRecorded, asDecided, differ }: Tally): string {
  const parts = [
    `${asRecorded} of ${requests} as recorded`,
    ...(asDecided > 0 ? [`${asDecided} as decided in deviations.json`] : []),
    ...(differ > 0 ? [`${differ} differ`] : []),
  ];
  return parts.join(', ');
}

/** What to say about each request: all of them, or those that differ. */
export function resultLines(results: readonly RequestResult[], verbose: boolean): string[] {
  return results.filter((result) => verbose || !result.isSame).flatMap(describeResult);
}
