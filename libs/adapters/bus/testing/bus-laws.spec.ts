import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bucket, Codec, TableEvent } from '../src/bus.ts';
import { createMemoryBus } from './memory-bus.ts';

const text: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => new TextDecoder().decode(bytes),
};
const table: Bucket<string> = { name: 'law', codec: text };

type Step =
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | { readonly kind: 'remove'; readonly key: string }
  | { readonly kind: 'foreign'; readonly key: string; readonly value: string | undefined }
  | { readonly kind: 'outage'; readonly during: 'nothing' | 'wipe' | 'restore' }
  | { readonly kind: 'delete-bucket' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'settle' };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const value = fc.constantFrom('1', '2', '3');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), key, value }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('foreign' as const),
      key,
      value: fc.option(value, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('outage' as const),
      during: fc.constantFrom('nothing' as const, 'wipe' as const, 'restore' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete-bucket' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'snapshot' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
);

const show = (map: ReadonlyMap<string, string>): string =>
  [...map]
    .map(([name, content]) => `${name}=${content}`)
    .sort()
    .join(' ');

/** Runs the steps with one owner and one reader; both are compared with a plain map at the end. */
async function run(
  steps: readonly Step[],
  check: (wanted: string, event: TableEvent<string>) => void,
) {
  const hub = createMemoryBus();
  const bus = hub.connect();
  const other = hub.connect();
  const owner = bus.own(table);
  const wanted = new Map<string, string>();
  const read = new Map<string, string>();
  const abort = new AbortController();
  const reading = (async () => {
    for await (const batch of other.watch(table, { signal: abort.signal })) {
      for (const event of batch) {
        if (event.kind === 'put') read.set(event.key, event.value);
        if (event.kind === 'delete') read.delete(event.key);
        check(show(wanted), event);
      }
    }
  })();
  owner.complete();
  await owner.flushed();
  let restore = hub.snapshot();
  for (const each of steps) {
    if (each.kind === 'set') {
      owner.set(each.key, each.value);
      wanted.set(each.key, each.value);
    } else if (each.kind === 'remove') {
      owner.remove(each.key);
      wanted.delete(each.key);
    } else if (each.kind === 'foreign') {
      if (!hub.isComplete(table)) continue;
      const bytes = each.value === undefined ? undefined : text.encode(each.value).finish();
      hub.foreignPut(table.name, each.key, bytes);
    } else if (each.kind === 'outage') {
      hub.disconnect();
      if (each.during === 'wipe') hub.wipe();
      if (each.during === 'restore') restore();
      hub.reconnect();
    } else if (each.kind === 'delete-bucket') {
      hub.wipe();
    } else if (each.kind === 'snapshot') {
      restore = hub.snapshot();
    } else {
      await owner.flushed();
    }
  }
  owner.set('end', '1');
  wanted.set('end', '1');
  await expect
    .poll(() => [show(hub.contents(table)), show(read)], { timeout: 10_000, interval: 1 })
    .toEqual([show(wanted), show(wanted)]);
  abort.abort();
  await reading;
  await Promise.all([bus.close(), other.close()]);
}

describe('laws of a table', { timeout: 120_000 }, () => {
  it('bucket and reader become what the owner wants, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) => run(steps, () => undefined)),
      { numRuns: 150 },
    );
  });

  it('without foreign writes a reader is never told to delete what was wanted all along', async () => {
    const harmless = step.filter((each) => each.kind !== 'foreign');
    await fc.assert(
      fc.asyncProperty(fc.array(harmless, { maxLength: 25 }), (steps) => {
        const kept: Step = { kind: 'set', key: 'kept', value: '1' };
        return run([kept, { kind: 'settle' }, ...steps], (_wanted, event) => {
          expect(event).not.toEqual({ kind: 'delete', key: 'kept' });
        });
      }),
      { numRuns: 100 },
    );
  });
});
