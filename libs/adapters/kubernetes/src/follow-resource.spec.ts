import { createSeededRandom } from '@osm/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { followResource, type FollowNote } from './follow-resource.ts';
import type { ResourceType } from './resource-type.ts';

const type: ResourceType = {
  group: 'split.smi-spec.io',
  version: 'v1alpha2',
  kind: 'TrafficSplit',
  plural: 'trafficsplits',
  namespaced: true,
};
const patience = { timeout: 10_000, interval: 2 };
/** Waits of any length are over at once. */
const hasty = {
  now: () => 0,
  after: (_ms: number, run: () => void) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

interface Followed {
  readonly objects: Set<string>;
  readonly lists: () => number;
  readonly failures: readonly string[];
}

describe('following a resource', () => {
  let fake: FakeApiServer;
  let end: AbortController;
  let done: Promise<void>;
  const follow = (): Followed => {
    const objects = new Set<string>();
    const failures: string[] = [];
    let lists = 0;
    const note = (each: FollowNote): void => {
      if (each.kind === 'failed') failures.push(each.error.code);
    };
    const random = createSeededRandom(1);
    const follower = followResource(fake.server, type, {
      signal: end.signal,
      clock: hasty,
      random,
      note,
    });
    done = (async () => {
      for await (const batch of follower.batches()) {
        if (batch.listed) lists += 1;
        for (const event of batch.events) {
          if (event.kind === 'put') objects.add(event.object.metadata.name);
          else objects.delete(event.name);
        }
      }
    })();
    return { objects, failures, lists: () => lists };
  };
  beforeEach(async () => {
    fake = await startFakeApiServer();
    end = new AbortController();
  });
  afterEach(async () => {
    end.abort();
    await done;
    await fake.close();
  });

  it('lists page by page, then follows', async () => {
    for (let index = 0; index < 1_200; index++) fake.put('a', `x${index}`);
    const followed = follow();
    await expect.poll(followed.lists, patience).toBe(1);
    expect(followed.objects.size).toBe(1_200);
    expect(fake.requests.filter((request) => request.startsWith('list'))).toHaveLength(3);
    fake.delete('a', 'x7');
    await expect.poll(() => followed.objects.has('x7'), patience).toBe(false);
  });

  it('goes on where a cut watch ended, without a list', async () => {
    const followed = follow();
    fake.put('a', 'one');
    await expect.poll(() => [...followed.objects], patience).toEqual(['one']);
    fake.cut();
    fake.put('a', 'two');
    fake.delete('a', 'one');
    await expect.poll(() => [...followed.objects], patience).toEqual(['two']);
    expect(followed.lists()).toBe(1);
  });

  it('lists again when its place is forgotten, and tells the deletions it missed', async () => {
    fake.put('a', 'one');
    const followed = follow();
    await expect.poll(() => [...followed.objects], patience).toEqual(['one']);
    fake.delete('a', 'one');
    fake.put('a', 'two');
    fake.compact();
    fake.cut();
    await expect.poll(() => [...followed.objects], patience).toEqual(['two']);
    await expect.poll(followed.lists, patience).toBe(2);
    expect(followed.failures).toContain('api_expired');
  });

  it('a type that is not served is empty until it is', async () => {
    fake.serve(false);
    const followed = follow();
    await expect.poll(followed.lists, patience).toBe(1);
    expect(followed.objects.size).toBe(0);
    fake.put('a', 'one');
    fake.serve(true);
    await expect.poll(() => [...followed.objects], patience).toEqual(['one']);
  });

  it('a type that is no longer served loses its objects', async () => {
    fake.put('a', 'one');
    const followed = follow();
    await expect.poll(() => [...followed.objects], patience).toEqual(['one']);
    fake.serve(false);
    fake.cut();
    await expect.poll(() => followed.objects.size, patience).toBe(0);
  });
});
