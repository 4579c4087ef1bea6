import { MeshError } from '@osm/prelude';
import { expect, it } from 'vitest';
import type { Bus, TableEvent } from '../src/bus.ts';
import {
  collect,
  patience,
  readBack,
  sharedTable,
  table,
  type ContractHub,
} from './contract-hub.ts';

/** What readers and owners may rely on while the server is there. */
export function tableContract(connect: () => Bus, hub: () => ContractHub): void {
  it('gives a reader that was there first everything, in the order of the calls', async () => {
    const reader = collect(connect(), table);
    const owner = connect().own(table);
    owner.set('a', '1');
    owner.set('b', '1');
    owner.set('a', '2');
    owner.remove('b');
    owner.set('c', '1');
    owner.complete();
    await expect.poll(reader.completes, patience).toBe(1);
    expect(reader.text()).toBe('a=2 c=1');
    owner.set('d', '1');
    await expect.poll(reader.text, patience).toBe('a=2 c=1 d=1');
    expect(reader.events.at(-1)).toEqual({ kind: 'put', key: 'd', value: '1' });
  });

  it('gives a late reader the present state as one batch that ends with complete', async () => {
    const owner = connect().own(table);
    for (let index = 0; index < 700; index += 1) owner.set(`key.${index}`, `${index}`);
    owner.remove('key.3');
    owner.complete();
    await owner.flushed();
    const abort = new AbortController();
    for await (const batch of connect().watch(table, { signal: abort.signal })) {
      expect(batch).toHaveLength(700);
      expect(batch.at(-1)?.kind).toBe('complete');
      expect(batch.slice(0, -1).map((event) => event.kind === 'put' && event.value)).toEqual(
        Array.from({ length: 700 }, (_, index) => `${index}`).filter((value) => value !== '3'),
      );
      abort.abort();
    }
  });

  it('writes nothing for equal bytes', async () => {
    const owner = connect().own(table);
    const reader = collect(connect(), table);
    owner.set('a', '1');
    owner.set('a', '1');
    owner.complete();
    await expect.poll(reader.completes, patience).toBe(1);
    owner.set('a', '1');
    owner.set('z', '1');
    await expect.poll(reader.text, patience).toBe('a=1 z=1');
    expect(reader.events.map((event) => event.kind)).toEqual(['put', 'complete', 'put']);
  });

  it('deletes what a former owner left, only with complete, and tells of a new epoch', async () => {
    const former = connect().own(table);
    former.set('old', '1');
    former.set('kept', '1');
    former.complete();
    await former.flushed();
    await former.close();
    const reader = collect(connect(), table);
    await expect.poll(reader.completes, patience).toBe(1);
    const next = connect().own(table);
    next.set('kept', '1');
    next.set('new', '1');
    await expect.poll(reader.text, patience).toBe('kept=1 new=1 old=1');
    next.complete();
    await expect.poll(reader.completes, patience).toBe(2);
    expect(reader.text()).toBe('kept=1 new=1');
    expect(reader.events.slice(-2).map((event) => event.kind)).toEqual(['delete', 'complete']);
  });

  it('never shows a later write without the earlier ones', async () => {
    const owner = connect().own(table);
    const reader = collect(connect(), table);
    for (let round = 0; round < 40; round += 1) {
      for (let index = 0; index < 25; index += 1) owner.set(`k${index}`, `${round}`);
      owner.set('manifest', `${round}`);
    }
    owner.complete();
    await expect.poll(reader.completes, patience).toBe(1);
    const state = new Map<string, number>();
    for (const event of reader.events) {
      if (event.kind !== 'put') continue;
      state.set(event.key, Number(event.value));
      const manifest = state.get('manifest') ?? -1;
      const behind = [...state].filter(([, value]) => value < manifest);
      expect(behind).toEqual([]);
    }
    expect(state.get('manifest')).toBe(39);
  });

  it('puts right what somebody else wrote', async () => {
    const owner = connect().own(table);
    owner.set('a', '1');
    owner.set('b', '1');
    owner.complete();
    await owner.flushed();
    const reader = collect(connect(), table);
    await expect.poll(reader.text, patience).toBe('a=1 b=1');
    await hub().foreignPut('contract', 'a', new TextEncoder().encode('evil'));
    await hub().foreignPut('contract', 'b', undefined);
    await hub().foreignPut('contract', 'c', new TextEncoder().encode('evil'));
    await expect.poll(async () => (await readBack(connect)).text, patience).toBe('a=1 b=1');
    await expect.poll(reader.text, patience).toBe('a=1 b=1');
  });

  it('leaves out a value that cannot be decoded and goes on', async () => {
    const owner = connect().own(table);
    const reader = collect(connect(), table);
    owner.set('bad', '!');
    owner.set('good', '1');
    owner.complete();
    await expect.poll(reader.completes, patience).toBe(1);
    expect(reader.text()).toBe('good=1');
  });

  it('refuses a value that is too large, and keeps the one before', async () => {
    const owner = connect().own(table);
    owner.set('big', 'small');
    expect(() => owner.set('big', 'x'.repeat(900_001))).toThrowError(/big in bucket contract/);
    try {
      owner.set('big', 'x'.repeat(900_001));
    } catch (thrown) {
      expect(MeshError.from(thrown).code).toBe('payload_too_large');
    }
    owner.complete();
    await owner.flushed();
    expect((await readBack(connect)).text).toBe('big=small');
  });

  it('delivers everything that arrived meanwhile as one batch, last value per key', async () => {
    const owner = connect().own(table);
    owner.complete();
    await owner.flushed();
    const abort = new AbortController();
    const batches = connect().watch(table, { signal: abort.signal })[Symbol.asyncIterator]();
    expect((await batches.next()).value).toMatchObject([{ kind: 'complete' }]);
    const witness = collect(connect(), table);
    for (let index = 0; index < 50; index += 1) owner.set('a', `${index}`);
    owner.set('b', 'last');
    await owner.flushed();
    await expect.poll(witness.text, patience).toBe('a=49 b=last');
    const rest: TableEvent<string>[] = [];
    while (
      rest.at(-1)?.kind !== 'put' ||
      !rest.some((event) => event.kind === 'put' && event.key === 'b')
    ) {
      rest.push(...((await batches.next()).value ?? []));
    }
    expect(rest.length).toBeLessThan(10);
    expect(rest.at(-1)).toEqual({ kind: 'put', key: 'b', value: 'last' });
    abort.abort();
  });

  it('lets several instances share a bucket, each its keys', async () => {
    const [one, two] = [connect().own(sharedTable), connect().own(sharedTable)];
    const reader = collect(connect(), sharedTable);
    one.set('p1', 'one');
    one.set('p2', 'one');
    one.complete();
    two.set('p3', 'two');
    two.complete();
    await expect.poll(reader.text, patience).toBe('p1=one p2=one p3=two');
    two.set('p1', 'two');
    await expect.poll(reader.text, patience).toBe('p1=two p2=one p3=two');
    one.remove('p1');
    one.remove('p2');
    await expect.poll(reader.text, patience).toBe('p1=two p3=two');
  });
}
