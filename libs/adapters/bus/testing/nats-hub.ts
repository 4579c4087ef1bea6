import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '@osm/telemetry';
import { createBusOver } from '../src/bus-over-link.ts';
import type { Bus } from '../src/bus.ts';
import { createNatsLink } from '../src/nats-link.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { NatsWire } from '../src/nats-wire.ts';
import { tableSubjects } from '../src/subjects.ts';
import type { ContractHub } from './bus-contract.ts';
import { silentLogger } from './memory-bus.ts';

/** A real nats-server in a directory of its own, with everything the contract does to it. */
export async function createNatsHub(): Promise<ContractHub & { readonly url: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'osm-bus-'));
  let server: NatsServer = await startNatsServer({ directory });
  const { port, url } = server;
  const store = join(directory, 'jetstream');
  const ends = new Map<Bus, () => Promise<void>>();
  const admin = new NatsWire({
    url,
    name: 'admin',
    inboxPrefix: '_INBOX_admin',
    credentialsFile: undefined,
    caFile: undefined,
    log: silentLogger,
  });
  const writer = createNatsLink({
    url,
    service: 'foreign',
    instance: 'foreign',
    isOwn: () => true,
    log: silentLogger,
  });
  return {
    url,
    connect: () => {
      const link = createNatsLink({
        url,
        service: 'test',
        instance: 'test',
        isOwn: () => true,
        log: silentLogger,
      });
      const bus = createBusOver({
        link,
        instance: 'test',
        log: silentLogger,
        metrics: createMetrics(),
      });
      ends.set(bus, link.close);
      return bus;
    },
    sever: async (bus) => ends.get(bus)?.(),
    stop: () => server.kill(),
    start: async () => {
      server = await startNatsServer({ directory, port });
    },
    wipe: async () => rmSync(store, { recursive: true, force: true }),
    snapshot: async () => {
      await server.kill();
      const copy = join(directory, 'snapshot');
      cpSync(store, copy, { recursive: true });
      server = await startNatsServer({ directory, port });
      return async () => {
        rmSync(store, { recursive: true, force: true });
        cpSync(copy, store, { recursive: true });
      };
    },
    deleteBucket: async (bucket) => {
      const subject = `$JS.API.STREAM.DELETE.${tableSubjects.stream(bucket)}`;
      await admin.ask({ subject, timeoutMs: 2_000 });
    },
    foreignPut: async (bucket, key, bytes) => {
      await writer.put({ bucket, key, bytes, expect: { kind: 'none' } });
    },
    close: async () => {
      await Promise.all([admin.close(), writer.close()]);
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
