import type { SourceEvent } from '../source.ts';

/** Collects the events of several followers until they are asked for. */
export interface BatchQueue {
  readonly push: (events: readonly SourceEvent[]) => void;
  /** All that came since the last call, at once; waits while there is nothing. Undefined: closed. */
  readonly take: () => Promise<readonly SourceEvent[] | undefined>;
  readonly close: () => void;
}

export function createBatchQueue(): BatchQueue {
  let events: SourceEvent[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  return {
    push: (more) => {
      // One by one: a list may be longer than what a call takes as arguments.
      for (const event of more) events.push(event);
      if (more.length > 0) wake();
    },
    take: async () => {
      while (events.length === 0) {
        if (closed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const taken = events;
      events = [];
      return taken;
    },
    close: () => {
      closed = true;
      wake();
    },
  };
}
