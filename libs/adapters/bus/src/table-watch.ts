import { MeshError } from '@osm/prelude';
import { createLogThrottle, type Logger, type LogThrottle } from '@osm/telemetry';
import type { Bucket, TableEvent, Watch, WatchOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import { createEventQueue, type QueuedEvent } from './event-queue.ts';
import type { Link } from './link.ts';
import { TableFollower, type FollowHandler } from './table-follow.ts';
import { createTableReader } from './table-reader.ts';
import type { Timing } from './timing.ts';

interface WatchTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
}

/** What cannot be decoded is said once in this time. */
const logPeriodMs = 10_000;

/** The read side of a bucket: follows it from the first call of `next` until the signal aborts or the consumer leaves. */
export function watchTable<T>(
  tools: WatchTools,
  bucket: Bucket<T>,
  options: WatchOptions,
): Watch<T> {
  const catchUp = createCatchUp();
  return {
    [Symbol.asyncIterator]: () => follow(tools, bucket, { ...options, catchUp }),
    caughtUp: catchUp.wanted,
  };
}

interface FollowOptions extends WatchOptions {
  readonly catchUp: CatchUp;
}

async function* follow<T>(
  tools: WatchTools,
  bucket: Bucket<T>,
  { signal, catchUp }: FollowOptions,
): AsyncGenerator<readonly TableEvent<T>[], void, undefined> {
  const queue = createEventQueue();
  let wake: (() => void) | undefined;
  const wakeUp = (): void => {
    wake?.();
    wake = undefined;
  };
  const reader = createTableReader((event) => {
    queue.push(event);
    wakeUp();
  });
  const noteSynced = (): void => {
    if (reader.holding?.() !== true && catchUp.read()) wakeUp();
  };
  const handler: FollowHandler = {
    ...reader,
    synced: noteSynced,
    entry: (entry) => {
      const wasHeld = reader.holding?.() === true;
      reader.entry(entry);
      if (wasHeld) noteSynced();
    },
  };
  const throttle = createLogThrottle(logPeriodMs, tools.timing.now);
  const follower = new TableFollower({ ...tools, bucket: bucket.name, handler });
  catchUp.resync = () => follower.resync();
  signal.addEventListener('abort', wakeUp);
  try {
    while (!signal.aborted) {
      if (queue.size() === 0) {
        catchUp.done();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const events = decodeAll({ ...tools, throttle }, bucket, queue.take());
      if (events.length > 0) yield events;
    }
  } finally {
    signal.removeEventListener('abort', wakeUp);
    follower.close();
    catchUp.end();
  }
}

/** Those who wait until a consumer knows what the bucket has. */
interface CatchUp {
  readonly wanted: () => Promise<void>;
  resync: () => void;
  /** The bucket was read since they asked; true when anybody waits for the consumer now. */
  readonly read: () => boolean;
  /** The consumer has nothing left to do. */
  readonly done: () => void;
  readonly end: () => void;
}

function createCatchUp(): CatchUp {
  let asking: (() => void)[] = [];
  let reading: (() => void)[] = [];
  let ended = false;
  const settle = (all: readonly (() => void)[]): void => {
    for (const resolve of all) resolve();
  };
  const catchUp: CatchUp = {
    wanted: () => {
      if (ended) return Promise.resolve();
      return new Promise((resolve) => {
        asking.push(resolve);
        catchUp.resync();
      });
    },
    resync: () => undefined,
    read: () => {
      reading.push(...asking);
      asking = [];
      return reading.length > 0;
    },
    done: () => {
      const settled = reading;
      reading = [];
      settle(settled);
    },
    end: () => {
      ended = true;
      settle([...asking, ...reading]);
      asking = [];
      reading = [];
    },
  };
  return catchUp;
}

function decodeAll<T>(
  { log, metrics, throttle }: WatchTools & { readonly throttle: LogThrottle },
  bucket: Bucket<T>,
  queued: readonly QueuedEvent[],
): readonly TableEvent<T>[] {
  const events: TableEvent<T>[] = [];
  for (const event of queued) {
    if (event.kind !== 'put') {
      events.push(event);
      continue;
    }
    try {
      events.push({ kind: 'put', key: event.key, value: bucket.codec.decode(event.bytes) });
    } catch (thrown) {
      metrics.undecodable.inc({ bucket: bucket.name });
      const err = MeshError.from(thrown);
      const say = throttle.admit('undecodable');
      const fields = { bucket: bucket.name, key: event.key, err };
      if (say !== undefined)
        log.warn('value left out: it cannot be decoded', { ...fields, ...say });
    }
  }
  return events;
}
