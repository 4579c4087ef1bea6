import { createMetrics } from '@osm/telemetry';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../testing/memory-bus.ts';
import { createBusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { TableFollower } from './table-follow.ts';
import { systemTiming } from './timing.ts';

const entry = (key: string, seq: number, text: string | undefined): Entry => ({
  key,
  seq,
  stamp: `${seq}`,
  bytes: text === undefined ? undefined : new TextEncoder().encode(text),
});

/** Follows a bucket that is read as given, and returns the entries of the first reset. */
function readOnce(...reads: readonly (readonly Entry[])[]): Promise<readonly Entry[]> {
  let next = 0;
  const nothing = (): (() => void) => () => undefined;
  const link: Pick<
    Link,
    'connected' | 'onConnected' | 'listen' | 'onBucketChange' | 'state' | 'read'
  > = {
    connected: () => true,
    onConnected: nothing,
    listen: nothing,
    onBucketChange: nothing,
    state: () => Promise.resolve({ created: 'then', lastSeq: 3, messages: 2 }),
    read: () => Promise.resolve(reads[next++] ?? []),
  };
  return new Promise((resolve) => {
    const follower = new TableFollower({
      link: link as Link,
      bucket: 'b',
      log: silentLogger,
      metrics: createBusMetrics(createMetrics()),
      timing: systemTiming,
      handler: {
        entry: () => undefined,
        reset: (entries) => {
          follower.close();
          resolve(entries);
        },
      },
    });
  });
}

describe('TableFollower', () => {
  it('a key that was deleted while the bucket was read is deleted', async () => {
    const read = [entry('kept', 1, 'k'), entry('gone', 2, 'g'), entry('gone', 4, undefined)];
    const entries = await readOnce(read);
    expect(entries.map(({ key, seq }) => `${key} ${seq}`)).toEqual(['kept 1', 'gone 4']);
  });

  it('a bucket that went while it was read is read again', async () => {
    const entries = await readOnce([], [entry('a', 2, 'a'), entry('b', 3, 'b')]);
    expect(entries.map(({ key }) => key)).toEqual(['a', 'b']);
  });
});
