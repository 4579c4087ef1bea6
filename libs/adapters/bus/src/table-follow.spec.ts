import { createMetrics } from '@osm/telemetry';
import { describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../testing/memory-bus.ts';
import { createBusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { TableFollower, type FollowHandler, type FollowOptions } from './table-follow.ts';
import { systemTiming } from './timing.ts';

const entry = (key: string, seq: number, text: string | undefined): Entry => ({
  key,
  seq,
  stamp: `${seq}`,
  bytes: text === undefined ? undefined : new TextEncoder().encode(text),
});

type FakeLink = Pick<
  Link,
  'connected' | 'onConnected' | 'listen' | 'onBucketChange' | 'state' | 'read' | 'create' | 'remove'
>;

function follow(
  link: Partial<FakeLink>,
  handler: Pick<FollowHandler, 'entry' | 'reset'>,
  create?: FollowOptions['create'],
): TableFollower {
  const nothing = (): (() => void) => () => undefined;
  const whole: FakeLink = {
    connected: () => true,
    onConnected: nothing,
    listen: nothing,
    onBucketChange: nothing,
    state: () => Promise.resolve({ created: 'then', lastSeq: 3, messages: 2 }),
    read: () => Promise.resolve([]),
    create: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    ...link,
  };
  return new TableFollower({
    link: whole as Link,
    bucket: 'b',
    log: silentLogger,
    metrics: createBusMetrics(createMetrics()),
    timing: systemTiming,
    handler,
    ...(create === undefined ? {} : { create }),
  });
}

/** Follows a bucket that is read as given, and returns the entries of the first reset. */
function readOnce(...reads: readonly (readonly Entry[])[]): Promise<readonly Entry[]> {
  let next = 0;
  return new Promise((resolve) => {
    const follower = follow(
      { read: () => Promise.resolve(reads[next++] ?? []) },
      {
        entry: () => undefined,
        reset: (entries) => {
          follower.close();
          resolve(entries);
        },
      },
    );
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

  it('hands on no message of the bucket before, also when the state was told of that one', async () => {
    let arrive: (entry: Entry) => void = () => undefined;
    const heard: string[] = [];
    let reads = 0;
    const follower = follow(
      {
        listen: (_bucket, listener) => {
          arrive = listener;
          return () => undefined;
        },
        // Five messages of the bucket before; the one that is read then is made again, and has two.
        state: () =>
          Promise.resolve({
            created: reads === 0 ? 'then' : 'now',
            lastSeq: reads === 0 ? 5 : 2,
            messages: 2,
          }),
        read: () => {
          reads += 1;
          if (reads === 1) arrive({ ...entry('a', 6, undefined), stamp: '6' });
          return Promise.resolve([
            { ...entry('a', 1, 'a'), stamp: '7' },
            { ...entry('b', 2, 'b'), stamp: '8' },
          ]);
        },
      },
      {
        entry: ({ key, seq }) => heard.push(`${key} ${seq}`),
        reset: () => heard.push('reset'),
      },
    );
    await vi.waitFor(() => expect(heard.filter((each) => each === 'reset')).toHaveLength(2));
    follower.close();
    expect(heard).toEqual(['reset', 'reset']);
  });

  it.each([true, false])(
    'an own bucket that lost all its messages is made again: %s',
    async (neverEmpty) => {
      const done: string[] = [];
      let exists = true;
      const reset = new Promise<void>((resolve) => {
        const follower = follow(
          {
            state: () =>
              Promise.resolve(
                exists
                  ? { created: 'then', lastSeq: done.includes('create') ? 0 : 21, messages: 0 }
                  : undefined,
              ),
            create: (_bucket, _settings, isThere) => {
              if (isThere !== true) done.push('create');
              exists = true;
              return Promise.resolve();
            },
            remove: () => {
              done.push('remove');
              exists = false;
              return Promise.resolve();
            },
          },
          {
            entry: () => undefined,
            reset: () => {
              follower.close();
              resolve();
            },
          },
          { storage: 'memory', neverEmpty },
        );
      });
      await reset;
      expect(done).toEqual(neverEmpty ? ['remove', 'create'] : []);
    },
  );
});
