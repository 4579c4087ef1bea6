/** What is to be told about a key; decoding waits until the consumer asks. */
export type PendingEvent =
  | { readonly kind: 'put'; readonly key: string; readonly bytes: Uint8Array }
  | { readonly kind: 'delete'; readonly key: string };

export type QueuedEvent = PendingEvent | { readonly kind: 'complete'; readonly epoch: string };

/**
 * Events that the consumer has not asked for yet. Per key the last one wins and takes the last place, so the queue is bounded by the
 * number of keys, twice: those before the last `complete` marker and those after it. Earlier markers are absorbed by the last.
 */
export interface EventQueue {
  readonly push: (event: QueuedEvent) => void;
  /** Takes everything. */
  readonly take: () => readonly QueuedEvent[];
  readonly size: () => number;
}

export function createEventQueue(): EventQueue {
  let before = new Map<string, PendingEvent>();
  let epoch: string | undefined;
  let after = new Map<string, PendingEvent>();

  const add = (into: Map<string, PendingEvent>, event: PendingEvent): void => {
    into.delete(event.key);
    into.set(event.key, event);
  };

  return {
    push: (event) => {
      if (event.kind !== 'complete') return add(after, event);
      for (const earlier of after.values()) add(before, earlier);
      after = new Map();
      epoch = event.epoch;
    },
    take: () => {
      const complete: QueuedEvent[] = epoch === undefined ? [] : [{ kind: 'complete', epoch }];
      const events = [...before.values(), ...complete, ...after.values()];
      before = new Map();
      epoch = undefined;
      after = new Map();
      return events;
    },
    size: () => before.size + after.size + (epoch === undefined ? 0 : 1),
  };
}
