import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../testing/memory-bus.ts';
import type { Bucket, Codec } from './bus.ts';

const text: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => new TextDecoder().decode(bytes),
};
const table: Bucket<string> = { name: 'watched', codec: text };

describe('Watch.caughtUp', () => {
  it('resolves when the consumer is done with what the bucket had, not before', async () => {
    const hub = createMemoryBus();
    const owner = hub.connect().own(table);
    const reader = hub.connect();
    const abort = new AbortController();
    const watch = reader.watch(table, { signal: abort.signal });
    const done: string[] = [];
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (release = resolve));
    const reading = (async () => {
      for await (const batch of watch) {
        await busy;
        for (const event of batch) if (event.kind === 'put') done.push(event.key);
      }
    })();
    owner.set('a', '1');
    owner.set('b', '1');
    owner.complete();
    await owner.flushed();
    let isCaughtUp = false;
    const caughtUp = watch.caughtUp().then(() => (isCaughtUp = true));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(isCaughtUp).toBe(false);
    release();
    await caughtUp;
    expect(done.sort()).toEqual(['a', 'b']);
    abort.abort();
    await reading;
    await reader.close();
    await owner.close();
  });

  it('keeps nobody waiting who watches no more', async () => {
    const hub = createMemoryBus();
    const reader = hub.connect();
    const abort = new AbortController();
    const watch = reader.watch(table, { signal: abort.signal });
    const reading = (async () => {
      for await (const batch of watch) expect(batch).toEqual([]);
    })();
    const caughtUp = watch.caughtUp();
    abort.abort();
    await Promise.all([reading, caughtUp]);
    await watch.caughtUp();
    await reader.close();
  });
});
