import { expect, it } from 'vitest';
import type { Bus } from '../src/bus.ts';
import { collect, patience, readBack, table, type ContractHub } from './contract-hub.ts';

/** What readers and owners may rely on when the server goes, comes back, and has lost things. */
export function interruptionContract(connect: () => Bus, hub: () => ContractHub): void {
  const prepare = async () => {
    const bus = connect();
    const owner = bus.own(table);
    for (let index = 0; index < 20; index += 1) owner.set(`k${index}`, '1');
    owner.complete();
    await owner.flushed();
    const reader = collect(connect(), table);
    await expect.poll(reader.completes, patience).toBe(1);
    return { bus, owner, reader, seen: reader.events.length };
  };
  const restart = async (change?: () => Promise<void>): Promise<void> => {
    await hub().stop();
    await change?.();
    await hub().start();
  };

  it('starts while the server is away', async () => {
    await hub().stop();
    const bus = connect();
    const owner = bus.own(table);
    const reader = collect(connect(), table);
    owner.set('a', '1');
    owner.complete();
    expect(bus.connected()).toBe(false);
    await hub().start();
    await expect.poll(reader.completes, patience).toBe(1);
    expect(reader.text()).toBe('a=1');
    await expect.poll(bus.connected, patience).toBe(true);
  });

  it('says nothing after a restart that changed nothing', async () => {
    const { owner, reader, seen } = await prepare();
    await restart();
    owner.set('after', '1');
    await expect.poll(() => reader.map.get('after'), patience).toBe('1');
    expect(reader.events.slice(seen)).toEqual([{ kind: 'put', key: 'after', value: '1' }]);
  });

  it('delivers what was set and removed while the server was away', async () => {
    const { bus, owner, reader, seen } = await prepare();
    await hub().stop();
    await expect.poll(bus.connected, patience).toBe(false);
    owner.set('k1', '2');
    owner.remove('k2');
    owner.set('new', '1');
    await hub().start();
    await owner.flushed();
    await expect.poll(() => reader.events.length - seen, patience).toBe(3);
    expect(reader.map.get('k1')).toBe('2');
    expect(reader.map.has('k2')).toBe(false);
    expect(reader.map.get('new')).toBe('1');
  });

  it('rebuilds a wiped bucket; readers hear of a new epoch and of nothing else', async () => {
    const { reader, seen } = await prepare();
    await restart(() => hub().wipe());
    await expect.poll(reader.completes, patience).toBe(2);
    expect(reader.events.slice(seen).map((event) => event.kind)).toEqual(['complete']);
    expect((await readBack(connect)).text).toBe(reader.text());
  });

  it('reports changes that came with a wipe, deletions with the epoch', async () => {
    const { bus, owner, reader, seen } = await prepare();
    await hub().stop();
    await hub().wipe();
    await expect.poll(bus.connected, patience).toBe(false);
    owner.set('k1', '2');
    owner.remove('k2');
    await hub().start();
    await expect.poll(reader.completes, patience).toBe(2);
    const kinds = reader.events.slice(seen).map((event) => event.kind);
    expect([...kinds].sort()).toEqual(['complete', 'delete', 'put']);
    expect(kinds.at(-1)).toBe('complete');
  });

  it('does not go back to an older state that was restored', async () => {
    const { owner, reader } = await prepare();
    const restore = await hub().snapshot();
    owner.set('k1', 'newer');
    owner.remove('k2');
    owner.set('k3', 'newer');
    await owner.flushed();
    // Set and removed while connections come back: no order is promised between keys.
    await expect.poll(() => reader.map.get('k3'), patience).toBe('newer');
    await expect.poll(() => reader.map.has('k2'), patience).toBe(false);
    const seen = reader.events.length;
    await restart(restore);
    await expect.poll(reader.completes, patience).toBe(2);
    expect(reader.events.slice(seen).map((event) => event.kind)).toEqual(['complete']);
    const fresh = await readBack(connect);
    expect(fresh.text).toContain('k1=newer');
    expect(fresh.text).toBe(reader.text());
  });

  it('keeps what it has while a wiped bucket has no owner, and compares with the next one', async () => {
    const { bus, owner, reader, seen } = await prepare();
    await owner.close();
    await bus.close();
    await restart(() => hub().wipe());
    const next = connect().own(table);
    next.set('k0', '1');
    next.set('k1', '2');
    await next.flushed();
    expect(reader.events.length).toBe(seen);
    next.complete();
    await expect.poll(reader.completes, patience).toBe(2);
    expect(reader.text()).toBe('k0=1 k1=2');
    expect(reader.events.length - seen).toBe(1 + 18 + 1);
  });

  it('recovers when the bucket is deleted while everybody is connected', async () => {
    const { owner, reader, seen } = await prepare();
    await hub().deleteBucket('contract');
    await expect.poll(reader.completes, patience).toBe(2);
    owner.set('after', '1');
    await expect.poll(() => reader.map.get('after'), patience).toBe('1');
    expect(reader.events.slice(seen).map((event) => event.kind)).toEqual(['complete', 'put']);
    expect((await readBack(connect)).text).toBe(reader.text());
  });
}
