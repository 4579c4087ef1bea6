import { MeshError } from '@osm/prelude';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bucket, Bus, Codec, LeaseEvent, Subject, TableEvent } from '../src/bus.ts';

/** A server with buses on it, as the contract needs it. */
export interface ContractHub {
  readonly connect: () => Bus;
  /** Cuts the connection of one bus for good, as if its process had died. */
  readonly sever: (bus: Bus) => Promise<void>;
  /** The server goes away without warning, and comes back with what it had. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** To be called while stopped: the server will have lost everything. */
  readonly wipe: () => Promise<void>;
  /** Remembers the present state; the result, to be called while stopped, puts it back. */
  readonly snapshot: () => Promise<() => Promise<void>>;
  /** Deletes a bucket while everybody is connected. */
  readonly deleteBucket: (bucket: string) => Promise<void>;
  /** Writes past the owner; undefined deletes. */
  readonly foreignPut: (
    bucket: string,
    key: string,
    bytes: Uint8Array | undefined,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}

const text: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => {
    const value = new TextDecoder().decode(bytes);
    if (value.startsWith('!')) throw new Error('not a value');
    return value;
  },
};

const table: Bucket<string> = { name: 'contract', codec: text };
const sharedTable: Bucket<string> = { name: 'contract-shared', codec: text, shared: true };
const echo: Subject<string, string> = {
  name: 'osm.contract.v1.echo',
  request: text,
  response: text,
};
const patience = { timeout: 20_000, interval: 5 };

/** Applies events to a map as a service does, and remembers them. */
function collect(bus: Bus, bucket: Bucket<string>) {
  const abort = new AbortController();
  const map = new Map<string, string>();
  const events: TableEvent<string>[] = [];
  const done = (async () => {
    for await (const batch of bus.watch(bucket, { signal: abort.signal })) {
      for (const event of batch) {
        events.push(event);
        if (event.kind === 'put') map.set(event.key, event.value);
        if (event.kind === 'delete') map.delete(event.key);
      }
    }
  })();
  const completes = (): number => events.filter((event) => event.kind === 'complete').length;
  return {
    map,
    events,
    completes,
    text: () =>
      [...map]
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(' '),
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

function follow(bus: Bus, name: string, holder: string) {
  const abort = new AbortController();
  const events: LeaseEvent['kind'][] = [];
  const done = (async () => {
    for await (const event of bus.lease({ name, holder, signal: abort.signal }))
      events.push(event.kind);
  })();
  return {
    events,
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

/** What every implementation of the bus does. Runs on the memory hub and on a real server. */
export function busContract(name: string, makeHub: () => Promise<ContractHub>): void {
  describe(`bus contract: ${name}`, { timeout: 60_000 }, () => {
    let hub: ContractHub;
    let buses: Bus[] = [];
    const connect = (): Bus => {
      const bus = hub.connect();
      buses.push(bus);
      return bus;
    };
    beforeEach(async () => {
      hub = await makeHub();
    });
    afterEach(async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      buses = [];
      await hub.close();
    });

    describe('tables', () => tableContract(connect, () => hub));
    describe('interruptions', () => interruptionContract(connect, () => hub));
    describe('requests', () => requestContract(connect, () => hub));
    describe('leases', () => leaseContract(connect, () => hub));
  });
}

function tableContract(connect: () => Bus, hub: () => ContractHub): void {
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

/** The bucket as a fresh reader finds it. */
async function readBack(connect: () => Bus): Promise<{ readonly text: string }> {
  const reader = collect(connect(), table);
  await expect.poll(reader.completes, patience).toBeGreaterThan(0);
  await reader.stop();
  return { text: reader.text() };
}

function interruptionContract(connect: () => Bus, hub: () => ContractHub): void {
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
    expect(bus.connected()).toBe(true);
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
    await expect.poll(() => reader.map.get('k3'), patience).toBe('newer');
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

function requestContract(connect: () => Bus, hub: () => ContractHub): void {
  const serve = (bus: Bus, handle: (request: string) => Promise<string>): AbortController => {
    const abort = new AbortController();
    bus.respond(echo, handle, { signal: abort.signal });
    return abort;
  };

  it('asks and answers', async () => {
    serve(connect(), async (request) => `you said ${request}`);
    const asker = connect();
    await expect
      .poll(() => asker.request(echo, 'hi'), patience)
      .toEqual({ kind: 'ok', value: 'you said hi' });
  });

  it('says bus_unavailable when nobody answers or the server is away', async () => {
    const bus = connect();
    await expect.poll(bus.connected, patience).toBe(true);
    const nobody = await bus.request(echo, 'hi');
    expect(nobody.kind === 'error' && MeshError.from(nobody.error).code).toBe('bus_unavailable');
    await hub().stop();
    await expect.poll(bus.connected, patience).toBe(false);
    const away = await bus.request(echo, 'hi');
    expect(away.kind === 'error' && MeshError.from(away.error).code).toBe('bus_unavailable');
  });

  it('says bus_timeout when the answer does not come', async () => {
    const asker = connect();
    serve(connect(), () => new Promise(() => undefined));
    const code = async (): Promise<string> => {
      const result = await asker.request(echo, 'hi', { timeoutMs: 50 });
      return result.kind === 'error' ? MeshError.from(result.error).code : 'answered';
    };
    await expect.poll(code, patience).toBe('bus_timeout');
  });

  it('spreads requests over the instances, each to one, and survives a restart', async () => {
    const counts = [0, 0];
    for (const index of [0, 1])
      serve(connect(), async (request) => {
        counts[index] = (counts[index] ?? 0) + 1;
        return request;
      });
    const asker = connect();
    const ask = async (): Promise<string> => (await asker.request(echo, 'hi')).kind;
    await expect.poll(ask, patience).toBe('ok');
    await expect
      .poll(async () => {
        await ask();
        return Math.min(...counts);
      }, patience)
      .toBeGreaterThan(0);
    const before = (counts[0] ?? 0) + (counts[1] ?? 0);
    const kinds = await Promise.all(Array.from({ length: 100 }, ask));
    expect(new Set(kinds)).toEqual(new Set(['ok']));
    expect((counts[0] ?? 0) + (counts[1] ?? 0) - before).toBe(100);
    await hub().stop();
    await hub().start();
    await expect.poll(ask, patience).toBe('ok');
  });

  it('does not answer a request whose handler failed, and goes on', async () => {
    serve(connect(), async (request) => {
      if (request === 'fail') throw new Error('no');
      return request;
    });
    const asker = connect();
    await expect.poll(async () => (await asker.request(echo, 'hi')).kind, patience).toBe('ok');
    expect((await asker.request(echo, 'fail', { timeoutMs: 100 })).kind).toBe('error');
    expect(await asker.request(echo, 'again')).toEqual({ kind: 'ok', value: 'again' });
  });
}

function leaseContract(connect: () => Bus, hub: () => ContractHub): void {
  it('has one holder, and hands over at once when given back', async () => {
    const first = follow(connect(), 'leader', 'one');
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two');
    const other = follow(connect(), 'other', 'two');
    await expect.poll(() => other.events, patience).toEqual(['acquired']);
    expect(second.events).toEqual([]);
    await first.stop();
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    await second.stop();
    await other.stop();
  });

  it('passes to another when the holder vanishes', async () => {
    const holder = connect();
    const first = follow(holder, 'leader', 'one');
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two');
    await hub().sever(holder);
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    await second.stop();
  });

  it('stays with its holder through a restart, also when everything was lost', async () => {
    const first = follow(connect(), 'leader', 'one');
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two');
    const witness = connect();
    for (const change of [async () => undefined, () => hub().wipe()]) {
      await hub().stop();
      await change();
      await hub().start();
      await expect.poll(witness.connected, patience).toBe(true);
      const third = follow(witness, 'witness', 'three');
      await expect.poll(() => third.events, patience).toEqual(['acquired']);
      await third.stop();
    }
    expect(first.events).toEqual(['acquired']);
    expect(second.events).toEqual([]);
    await first.stop();
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    await second.stop();
  });
}
