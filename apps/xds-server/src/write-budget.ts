/**
 * Bytes that all streams together may have queued. A cold start in a large mesh would otherwise hold a copy of a response for
 * every proxy at once; with it, streams take turns and memory stays flat.
 */
export interface WriteBudget {
  /** Asks for a turn: true = go on now; false = `resume` is called when there is room. */
  readonly isFree: (resume: () => void) => boolean;
  readonly add: (bytes: number) => void;
  readonly subtract: (bytes: number) => void;
}

/** Creates a budget of that many bytes; streams that wait are resumed in the order in which they asked. */
export function createWriteBudget(bytesMax: number): WriteBudget {
  let queued = 0;
  const waiting = new Set<() => void>();
  return {
    isFree: (resume) => {
      if (queued < bytesMax) return true;
      waiting.add(resume);
      return false;
    },
    add: (bytes) => {
      queued += bytes;
    },
    subtract: (bytes) => {
      queued -= bytes;
      for (const resume of waiting) {
        if (queued >= bytesMax) return;
        waiting.delete(resume);
        resume();
      }
    },
  };
}
