import type { Clock } from '@osm/prelude';

/**
 * How much all streams together may have queued. A cold start in a large mesh would otherwise hold a copy of a response for
 * every proxy at once; with it, streams take turns and memory stays flat.
 *
 * A stream that makes no progress with what it has queued is no longer counted after a while: proxies that do not read
 * must not use up what the others need.
 */
export interface WriteBudget {
  /** A share for one stream; `resume` is called when there is room again after `isFree` said no. */
  readonly open: (resume: () => void) => BudgetShare;
}

export interface BudgetShare {
  /** May the stream queue more? False = `resume` is called later. */
  readonly isFree: () => boolean;
  /** The stream has this much queued now. */
  readonly report: (queuedBytes: number) => void;
  readonly close: () => void;
}

interface BudgetOptions {
  readonly bytesMax: number;
  /** After that long without progress a stream is not counted. */
  readonly stalledMs: number;
  readonly clock: Pick<Clock, 'after'>;
}

/** Less than this is not worth counting: ordinary updates never wait, and cost no timer. */
const smallBytesMax = 16 * 1024;

/** Creates a budget; streams that wait are resumed in the order in which they asked. */
export function createWriteBudget({ bytesMax, stalledMs, clock }: BudgetOptions): WriteBudget {
  let total = 0;
  const waiting = new Set<() => void>();

  const wake = (): void => {
    for (const resume of waiting) {
      if (total >= bytesMax) return;
      waiting.delete(resume);
      resume();
    }
  };

  return {
    open: (resume) => {
      let counted = 0;
      let reported = 0;
      let isStalled = false;
      let cancel: (() => void) | undefined;
      const count = (bytes: number): void => {
        total += bytes - counted;
        const isLess = bytes < counted;
        counted = bytes;
        if (isLess) wake();
      };
      const watch = (): void => {
        cancel?.();
        cancel = undefined;
        if (counted === 0) return;
        cancel = clock.after(stalledMs, () => {
          isStalled = true;
          count(0);
        });
      };
      return {
        isFree: () => {
          if (total < bytesMax) return true;
          waiting.add(resume);
          return false;
        },
        report: (queuedBytes) => {
          if (queuedBytes < reported) isStalled = false;
          reported = queuedBytes;
          if (isStalled) return;
          const bytes = queuedBytes <= smallBytesMax ? 0 : queuedBytes;
          if (bytes === counted) return;
          count(bytes);
          watch();
        },
        close: () => {
          waiting.delete(resume);
          cancel?.();
          count(0);
        },
      };
    },
  };
}
