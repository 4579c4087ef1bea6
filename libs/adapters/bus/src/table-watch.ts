import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { Bucket, TableEvent, WatchOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import { createEventQueue, type QueuedEvent } from './event-queue.ts';
import type { Link } from './link.ts';
import { TableFollower } from './table-follow.ts';
import { createTableReader } from './table-reader.ts';
import type { Timing } from './timing.ts';

interface WatchTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
}

/** The read side of a bucket: follows it from the first call of `next` until the signal aborts or the consumer leaves. */
export async function* watchTable<T>(
  tools: WatchTools,
  bucket: Bucket<T>,
  options: WatchOptions,
): AsyncGenerator<readonly TableEvent<T>[], void, undefined> {
  const queue = createEventQueue();
  let wake: (() => void) | undefined;
  const wakeUp = (): void => {
    wake?.();
    wake = undefined;
  };
  const handler = createTableReader((event) => {
    queue.push(event);
    wakeUp();
  });
  const follower = new TableFollower({ ...tools, bucket: bucket.name, handler });
  options.signal.addEventListener('abort', wakeUp);
  try {
    while (!options.signal.aborted) {
      if (queue.size() === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const events = decodeAll(tools, bucket, queue.take());
      if (events.length > 0) yield events;
    }
  } finally {
    options.signal.removeEventListener('abort', wakeUp);
    follower.close();
  }
}

function decodeAll<T>(
  { log, metrics }: WatchTools,
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
      log.warn('value left out: it cannot be decoded', {
        bucket: bucket.name,
        key: event.key,
        err,
      });
    }
  }
  return events;
}
