import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignedRequest, SignResponse } from '@osm/proto-mesh';
import { createMetrics } from '@osm/telemetry';
import { connect, nkeyAuthenticator } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buckets } from '../src/buckets.ts';
import type { Bus, LeaseEvent } from '../src/bus.ts';
import { createBus } from '../src/create-bus.ts';
import { parseSeed } from '../src/credentials.ts';
import {
  updateBusFiles,
  writeBusDirectory,
  type BusFiles,
  type BusStep,
} from '../src/installation/index.ts';
import { freePort } from '../src/free-port.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { subjects } from '../src/subjects.ts';
import { silentLogger } from './memory-bus.ts';

const patience = { timeout: 20_000, interval: 10 };

describe('keys and certificates of a running bus', { timeout: 90_000 }, () => {
  let directory = '';
  let port = 0;
  let files: BusFiles = new Map();
  let server: NatsServer;
  const ends: (() => Promise<void>)[] = [];
  const stop = new AbortController();
  const { signal } = stop;

  const path = (name: string): string => join(directory, name);
  const inUse = (service: string): string =>
    readFileSync(path(`services/${service}/credentials`), 'utf8');

  const step = async (what: BusStep): Promise<void> => {
    files = await updateBusFiles(files, {
      step: what,
      hosts: ['localhost'],
      serverDirectory: path('server'),
      storeDir: path('jetstream'),
      listenHost: '127.0.0.1',
      port,
      nowMs: Date.now(),
    });
    writeBusDirectory(directory, files);
  };

  const busOf = (service: string): { readonly bus: Bus; readonly moved: () => number } => {
    let moved = 0;
    const bus = createBus({
      url: `tls://localhost:${port}`,
      credentialsFile: path(`services/${service}/credentials`),
      caFile: path(`services/${service}/ca.crt`),
      name: service,
      instance: `${service}-1`,
      log: {
        ...silentLogger,
        child: () => ({
          ...silentLogger,
          child: () => silentLogger,
          info: (text) => {
            if (text.startsWith('moved over')) moved += 1;
          },
        }),
      },
      metrics: createMetrics(),
    });
    ends.push(bus.close);
    return { bus, moved: () => moved };
  };

  /** Whether the server lets somebody in with this key, trusting this CA. */
  const isAccepted = async (credentials: string, ca: string): Promise<boolean> => {
    try {
      const made = await connect({
        servers: `localhost:${port}`,
        authenticator: nkeyAuthenticator(parseSeed(credentials, 'a key')),
        reconnect: false,
        tls: { ca },
      });
      await made.close();
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-rotation-'));
    port = await freePort('127.0.0.1');
    await step('create');
    server = await startNatsServer({ directory, port, configFile: path('server/nats.conf') });
  });

  afterAll(async () => {
    stop.abort();
    await Promise.all(ends.map((end) => end()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are replaced while owner, reader, leader and signer work: nothing is lost, nobody restarts', async () => {
    const owner = busOf('certificate-manager');
    const reader = busOf('xds-server');

    const table = owner.bus.own(buckets.trust);
    let written = 0;
    const write = (): void => {
      written += 1;
      table.set('bundle', { id: `${written}`, trustDomain: 'cluster.local', rootsPem: [] });
      table.set(`n${written}`, { id: `${written}`, trustDomain: '', rootsPem: [] });
    };
    write();
    table.complete();
    const seen = new Map<string, string>();
    const deleted: string[] = [];
    void (async () => {
      for await (const events of reader.bus.watch(buckets.trust, { signal }))
        for (const event of events) {
          if (event.kind === 'put') seen.set(event.key, event.value.id);
          if (event.kind === 'delete') deleted.push(event.key);
        }
    })();
    const leases: LeaseEvent['kind'][] = [];
    void (async () => {
      for await (const event of owner.bus.lease({ name: 'l', holder: 'a', signal }))
        leases.push(event.kind);
    })();
    owner.bus.respond(subjects.sign, async () => SignResponse.fromPartial({}), { signal });
    await expect.poll(() => seen.get('bundle'), patience).toBe('1');
    await expect.poll(() => leases, patience).toEqual(['acquired']);

    // Writing and asking go on through everything that follows.
    const failures: string[] = [];
    let answered = 0;
    const asking = (async () => {
      while (!signal.aborted) {
        const request = SignedRequest.fromPartial({});
        const answer = await reader.bus.request(subjects.sign, request, { timeoutMs: 500 });
        if (answer.kind === 'error') failures.push(answer.error.message);
        else answered += 1;
      }
    })();
    const writing = setInterval(write, 5);
    const goesOn = async (): Promise<void> => {
      const [from, wanted] = [answered, written + 20];
      await expect.poll(() => answered - from, patience).toBeGreaterThan(20);
      await expect.poll(() => Number(seen.get('bundle')), patience).toBeGreaterThan(wanted);
    };
    await goesOn();

    const [oldKey, oldCa] = [inUse('xds-server'), files.get('services/xds-server/ca.crt') ?? ''];
    await step('rotate');
    expect(inUse('xds-server')).not.toBe(oldKey);
    // The services have the new keys before the server knows them: they keep the connection that they have.
    await goesOn();
    expect([owner.moved(), reader.moved()]).toEqual([0, 0]);
    await server.reload();
    await expect.poll(() => [owner.moved(), reader.moved()], patience).toEqual([1, 1]);
    await goesOn();
    const bothCas = files.get('services/xds-server/ca.crt') ?? '';
    expect(await isAccepted(oldKey, oldCa)).toBe(true);
    expect(await isAccepted(inUse('xds-server'), bothCas)).toBe(true);

    await step('retire');
    await server.reload();
    await expect.poll(() => Math.min(owner.moved(), reader.moved()), patience).toBeGreaterThan(1);
    await goesOn();
    const newCa = files.get('services/xds-server/ca.crt') ?? '';
    expect(await isAccepted(oldKey, newCa)).toBe(false);
    expect(await isAccepted(inUse('xds-server'), oldCa)).toBe(false);
    expect(await isAccepted(inUse('xds-server'), newCa)).toBe(true);

    clearInterval(writing);
    await table.flushed();
    await expect.poll(() => seen.get('bundle'), patience).toBe(`${written}`);
    expect(seen.size).toBe(written + 1);
    expect(deleted).toEqual([]);
    expect(leases).toEqual(['acquired']);
    // A question that the server holds in the very moment in which it reads its configuration is not answered: askers ask again.
    expect(failures.length).toBeLessThanOrEqual(2);
    stop.abort();
    await asking;
  });
});
