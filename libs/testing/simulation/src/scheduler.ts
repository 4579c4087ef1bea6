/** Whoever an event happens to. A dead one's events are dropped, a frozen one's wait. */
export interface Owner {
  readonly alive: boolean;
  /** Called instead of the event while frozen; takes it over. */
  readonly hold: ((run: () => void) => void) | undefined;
}

/** Virtual time: a queue of what is to happen, and nothing else that could. */
export interface Scheduler {
  /** Virtual milliseconds since the beginning. */
  readonly now: () => number;
  /** Lets `run` happen after `delayMs`; the returned function cancels. */
  readonly after: (delayMs: number, run: () => void, owner?: Owner) => () => void;
  /** Lets things happen, one after the other, until the time has come or `isOver` says so. */
  readonly runUntil: (untilMs: number, isOver: () => boolean) => Promise<void>;
  /** Events that have happened. */
  readonly steps: () => number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  run: (() => void) | undefined;
}

/**
 * Creates a scheduler at time 0. After each event all promises that it settled go on as far as they can: `process.nextTick` asked for
 * from a microtask runs when there is no microtask left, at a sixth of a microsecond.
 */
export function createScheduler(): Scheduler {
  const heap: Event[] = [];
  let nowMs = 0;
  let order = 0;
  let steps = 0;
  return {
    now: () => nowMs,
    after: (delayMs, run, owner) => {
      order += 1;
      const event: Event = { atMs: nowMs + Math.max(0, delayMs), order, owner, run };
      push(heap, event);
      return () => {
        event.run = undefined;
      };
    },
    runUntil: async (untilMs, isOver) => {
      while (!isOver()) {
        const first = heap[0];
        if (first === undefined || first.atMs > untilMs) {
          nowMs = Math.max(nowMs, untilMs);
          return;
        }
        pop(heap);
        const { run, owner } = first;
        if (run === undefined || owner?.alive === false) continue;
        nowMs = first.atMs;
        if (owner?.hold !== undefined) {
          // A timer that is cancelled while its owner is frozen must not ring.
          owner.hold(() => first.run?.());
          continue;
        }
        steps += 1;
        run();
        await drained();
      }
    },
    steps: () => steps,
  };
}

/** Resolves when no promise has anything left to do. */
export function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    let child = heap[down];
    if (child === undefined) break;
    const right = heap[down + 1];
    if (right !== undefined && isBefore(right, child)) {
      down += 1;
      child = right;
    }
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = last;
}
