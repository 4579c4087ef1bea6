import { createMetrics } from '@osm/telemetry';
import { describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../testing/memory-bus.ts';
import { createBusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { TableFollower, type FollowHandler, type FollowOptions } from './table-follow.ts';
import { systemTiming, type Timing } from './timing.ts';

const entry = (key: string, seq: number, text: string | undefined): Entry => ({
  key,
  seq,
  stamp: `${seq}`,
  bytes: text === undefined ? undefined : new TextEncoder().encode(text),
});

type FakeLink = Pick<
  Link,
  'connected' | 'onConnected' | 'listen' | 'onBucketChange' | 'state' | 'read' | 'create'
>;

function follow(
  link: Partial<FakeLink>,
  handler: Pick<FollowHandler, 'entry' | 'reset'>,
  options: Partial<Pick<FollowOptions, 'create' | 'timing'>> = {},
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
    ...link,
  };
  return new TableFollower({
    link: whole as Link,
    bucket: 'b',
    log: silentLogger,
    metrics: createBusMetrics(createMetrics()),
    timing: systemTiming,
    handler,
    ...options,
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

  it('an own bucket that was deleted is made again when the server is done with it', async () => {
    const found = { created: 'then', lastSeq: 1, messages: 1 };
    const states: (typeof found | undefined)[] = [found, undefined];
    let nowMs = 0;
    const created: number[] = [];
    const timing: Timing = {
      ...systemTiming,
      now: () => nowMs,
      after: (ms, run) => {
        // Looks come as quickly as the machine likes; only the clock of the follower passes.
        if (ms > 1_000) return () => undefined;
        nowMs += ms;
        setImmediate(run);
        return () => undefined;
      },
    };
    const follower = follow(
      {
        state: () => Promise.resolve(states.length > 1 ? states.shift() : states[0]),
        read: () => Promise.resolve([entry('a', 1, 'a')]),
        create: (_bucket, _settings, isThere) => {
          if (isThere !== true) {
            created.push(nowMs);
            states[0] = found;
          }
          return Promise.resolve();
        },
      },
      { entry: () => undefined, reset: () => setImmediate(() => follower.resync()) },
      { create: { storage: 'memory' }, timing },
    );
    await vi.waitFor(() => expect(created).toHaveLength(1));
    follower.close();
    expect(created[0]).toBeGreaterThanOrEqual(500);
  });
});
