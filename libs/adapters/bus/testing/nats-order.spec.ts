import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Expectation, Link } from '../src/link.ts';
import { createNatsLink } from '../src/nats-link.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { silentLogger } from './memory-bus.ts';

describe('order of writes on a real server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'osm-bus-order-'));
  let server: NatsServer;
  let link: Link;

  beforeAll(async () => {
    server = await startNatsServer({ directory });
    link = createNatsLink({
      url: server.url,
      service: 'owner',
      instance: 'owner',
      isOwn: () => true,
      log: silentLogger,
    });
    await new Promise<void>((resolve) => {
      if (link.connected()) return resolve();
      link.onConnected((connected) => connected && resolve());
    });
    await link.create('order', { storage: 'memory' });
  });
  afterAll(async () => {
    await link.close();
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  const put = (id: string, seq: number, after?: string): Promise<number> => {
    const place: Expectation = { kind: 'stream', seq, after };
    const bytes = new TextEncoder().encode(id);
    return link.put({ bucket: 'order', key: id, bytes, expect: place, id });
  };

  it('a series of writes that lost its place does not find one by chance', async () => {
    expect(await put('other.1', 0)).toBe(1);
    expect(await put('other.2', 1, 'other.1')).toBe(2);
    // Made for an empty bucket: the third has the right position, but the second was never stored.
    const late = await Promise.allSettled([
      put('late.1', 0),
      put('late.2', 1, 'late.1'),
      put('late.3', 2, 'late.2'),
    ]);
    expect(late.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await put('other.3', 2, 'other.2')).toBe(3);
  });
});
