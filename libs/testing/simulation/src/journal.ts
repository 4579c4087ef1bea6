import type { Scheduler } from './scheduler.ts';

/** What a schedule leaves behind: how often what happened, what must not have happened, and on demand every step. */
export interface Journal {
  /** One line of the trace; the text is made only when somebody reads it. */
  readonly note: (who: string, what: () => string) => void;
  readonly count: (what: string) => void;
  /** Something that must never be. The first one ends the schedule. */
  readonly violated: (law: string, details: string) => void;
  readonly violation: () => Violation | undefined;
  readonly counts: ReadonlyMap<string, number>;
  readonly traced: boolean;
  /**
   * An owner's rights were used to write what is not true, or leases were lost and two lead: what readers are told from then on is no
   * fault of the protocol. That all becomes right in the end still holds.
   */
  forged: boolean;
}

export interface Violation {
  readonly law: string;
  readonly details: string;
  readonly atMs: number;
}

/** Creates an empty journal; `say` gets the lines of the trace. */
export function createJournal(
  scheduler: Pick<Scheduler, 'now'>,
  say: ((line: string) => void) | undefined,
): Journal {
  const counts = new Map<string, number>();
  let violation: Violation | undefined;
  const note = (who: string, what: () => string): void =>
    say?.(`${scheduler.now().toFixed(2).padStart(9)} ${who.padEnd(14)} ${what()}`);
  return {
    note,
    count: (what) => counts.set(what, (counts.get(what) ?? 0) + 1),
    violated: (law, details) => {
      note('VIOLATION', () => `${law}: ${details}`);
      violation ??= { law, details, atMs: scheduler.now() };
    },
    violation: () => violation,
    counts,
    traced: say !== undefined,
    forged: false,
  };
}
