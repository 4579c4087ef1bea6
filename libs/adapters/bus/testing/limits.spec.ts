import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bucket, Bus } from '../src/bus.ts';
import { createBus } from '../src/create-bus.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { silentLogger } from './memory-bus.ts';

const patience = { timeout: 20_000, interval: 10 };
const { signal } = new AbortController();
const small: Bucket<string> = {
  name: 'small',
  keysMax: 4,
  codec: {
    encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
    decode: (bytes) => new TextDecoder().decode(bytes),
  },
};

describe('limits of a real server', { timeout: 60_000 }, () => {
  let directory = '';
  let server: NatsServer;
  const ends: (() => Promise<void>)[] = [];

  const busWith = (metrics: Metrics): Bus => {
    const options = { url: server.url, name: 'test', instance: 'test', log: silentLogger, metrics };
    const bus = createBus(options);
    ends.push(bus.close);
    return bus;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-limits-'));
    server = await startNatsServer({ directory });
  });
  afterAll(async () => {
    await Promise.all(ends.map((end) => end()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('a bucket that is full keeps what it has, takes changes of that, and says so; what is removed makes room', async () => {
    const metrics = createMetrics();
    const bus = busWith(metrics);
    const seen = new Map<string, string>();
    void (async () => {
      for await (const events of bus.watch(small, { signal }))
        for (const event of events) if (event.kind === 'put') seen.set(event.key, event.value);
    })();
    const table = bus.own(small);
    for (const key of ['a', 'b', 'c']) table.set(key, '1');
    table.complete();
    await table.flushed();
    // Three keys and the epoch.
    table.set('d', '1');
    const refused = async (): Promise<string> => (await metrics.render()).body;
    await expect.poll(refused, patience).toMatch(/osm_bus_errors_total\{code="bus_full"\} [1-9]/);
    await expect.poll(() => [...seen.keys()], patience).toEqual(['a', 'b', 'c']);
    table.remove('d');
    table.set('a', '2');
    await table.flushed();
    await expect.poll(() => seen.get('a'), patience).toBe('2');
  });

  it('a value beyond 900 kB is refused where it is made, and the last one stays', async () => {
    const table = busWith(createMetrics()).own({ ...small, name: 'large' });
    table.set('key', 'good');
    expect(() => table.set('key', 'x'.repeat(900_001))).toThrow('the limit is 900000');
    await table.flushed();
  });

  it('a reader that does not read is cut off, and keeps nobody waiting', async () => {
    const lazy = createConnection(server.port, '127.0.0.1');
    lazy.on('error', () => undefined);
    await once(lazy, 'data');
    lazy.pause();
    lazy.write('CONNECT {"verbose":false}\r\nSUB osm.table.much.> 1\r\nPING\r\n');
    const table = busWith(createMetrics()).own({ ...small, name: 'much' });
    const value = 'x'.repeat(890_000);
    for (let round = 0; round < 150 && !server.output().includes('Slow Consumer'); round++) {
      table.set('key', `${round}${value}`);
      await table.flushed();
    }
    expect(server.output()).toContain('Slow Consumer');
    lazy.destroy();
  });

  it('a client that says more than a megabyte at once, or never reads, is cut off; others go on', async () => {
    const greedy: NatsConnection = await connect({ servers: server.url, reconnect: false });
    expect(() => greedy.publish('anything', new Uint8Array(1_100_000))).toThrow();
    await greedy.close();
    const bus = busWith(createMetrics());
    const table = bus.own({ ...small, name: 'others' });
    table.set('key', 'value');
    await table.flushed();
  });
});
