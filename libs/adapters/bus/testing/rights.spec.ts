import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignedRequest, SignResponse } from '@osm/proto-mesh';
import { createMetrics } from '@osm/telemetry';
import { connect, nkeyAuthenticator, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buckets } from '../src/buckets.ts';
import type { Bus } from '../src/bus.ts';
import { createBus } from '../src/create-bus.ts';
import { parseSeed } from '../src/credentials.ts';
import {
  createDevelopmentCredentials,
  type DevelopmentCredentials,
} from '../src/development-credentials.ts';
import { createNatsLink } from '../src/nats-link.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { serviceNames } from '../src/rights.ts';
import { subjects } from '../src/subjects.ts';
import { silentLogger } from './memory-bus.ts';

const patience = { timeout: 20_000, interval: 10 };

describe('rights on a real server', { timeout: 60_000 }, () => {
  let directory = '';
  let server: NatsServer;
  let credentials: DevelopmentCredentials;
  const buses: Bus[] = [];
  const hostile: NatsConnection[] = [];

  const bus = (service: string): Bus => {
    const made = createBus({
      url: server.url,
      credentialsFile: credentials.files.get(service),
      name: service,
      instance: `${service}-1`,
      log: silentLogger,
      metrics: createMetrics(),
    });
    buses.push(made);
    return made;
  };

  /** The service's key in the hands of somebody who speaks NATS without our library. */
  const attacker = async (service: string): Promise<NatsConnection> => {
    const file = credentials.files.get(service) ?? '';
    const made = await connect({
      servers: server.url,
      authenticator: nkeyAuthenticator(parseSeed(readFileSync(file, 'utf8'), file)),
      inboxPrefix: `_INBOX_${service}`,
    });
    hostile.push(made);
    return made;
  };

  const keys = async (service: string, count: number): Promise<string[]> => {
    const abort = new AbortController();
    const seen = new Set<string>();
    for await (const batch of bus(service).watch(buckets.trust, { signal: abort.signal })) {
      for (const event of batch) {
        if (event.kind === 'put') seen.add(event.key);
        if (event.kind === 'delete') seen.delete(event.key);
        if (event.kind === 'complete' && seen.size >= count) abort.abort();
      }
    }
    return [...seen].sort();
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-rights-'));
    credentials = createDevelopmentCredentials(directory);
    server = await startNatsServer({ directory, users: credentials.users });
  });

  afterAll(async () => {
    await Promise.all(buses.map((each) => each.close()));
    await Promise.all(hostile.map((each) => each.close()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('writes one secret file per service, readable by its user only', () => {
    expect([...credentials.files.keys()]).toEqual(serviceNames());
    for (const file of credentials.files.values()) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(createDevelopmentCredentials(directory).users).toEqual(credentials.users);
  });

  it('lets every service do its work', async () => {
    const manager = bus('certificate-manager');
    const trust = manager.own(buckets.trust);
    trust.set('bundle', { id: '1', trustDomain: 'cluster.local', rootsPem: ['root'] });
    trust.complete();
    await trust.flushed();
    expect(await keys('xds-server', 1)).toEqual(['bundle']);
    manager.respond(subjects.sign, async () => SignResponse.fromPartial({}), {
      signal: new AbortController().signal,
    });
    const asker = bus('xds-server');
    const ask = async () =>
      (await asker.request(subjects.sign, SignedRequest.fromPartial({ request: Buffer.alloc(1) })))
        .kind;
    await expect.poll(ask, patience).toBe('ok');
    const abort = new AbortController();
    for await (const event of manager.lease({ name: 'l', holder: 'x', signal: abort.signal })) {
      expect(event.kind).toBe('acquired');
      abort.abort();
    }
  });

  it('has no way for a reader into a bucket it does not own', async () => {
    const link = createNatsLink({
      url: server.url,
      service: 'injector',
      instance: 'injector-2',
      credentialsFile: credentials.files.get('injector'),
      isOwn: () => false,
      log: silentLogger,
    });
    await expect.poll(link.connected, patience).toBe(true);
    const before = await link.state('trust');
    const evil = await attacker('xds-server');
    const stolen = '$KV.trust.stolen';
    const api = new TextEncoder().encode(JSON.stringify({ seq: 1, batch: 10 }));
    // Straight, by pointing answers at the bucket, and by pointing a consumer at it.
    evil.publish(stolen, 'evil');
    evil.publish('osm.table-state.trust', '', { reply: stolen });
    evil.publish('osm.table-read.trust', api, { reply: stolen });
    evil.publish('osm.table.trust.stolen', 'evil');
    const consumer = { stream_name: 'KV_trust', config: { name: 'c', deliver_subject: stolen } };
    evil.publish('$JS.API.CONSUMER.CREATE.KV_trust.c', JSON.stringify(consumer));
    evil.publish('$JS.API.STREAM.DELETE.KV_trust', '');
    evil.publish('$JS.API.STREAM.PURGE.KV_trust', '');
    await evil.flush();
    expect(await keys('injector', 1)).toEqual(['bundle']);
    expect(before?.lastSeq).toBeGreaterThan(0);
    expect(await link.state('trust')).toEqual(before);
    await link.close();
  });

  it('does not let others answer sign, nor ask who has no business to', async () => {
    const evil = await attacker('injector');
    const heard: string[] = [];
    evil.subscribe(`${subjects.sign.name}.*`, {
      callback: (error) => error ?? heard.push('sign'),
    });
    evil.subscribe('_INBOX_xds-server.>', {
      callback: (error) => error ?? heard.push('inbox'),
    });
    await evil.flush();
    const stranger = bus('policy-compiler');
    const request = SignedRequest.fromPartial({ request: Buffer.alloc(1) });
    await expect.poll(stranger.connected, patience).toBe(true);
    expect((await stranger.request(subjects.sign, request, { timeoutMs: 300 })).kind).toBe('error');
    const asker = bus('xds-server');
    await expect
      .poll(async () => (await asker.request(subjects.sign, request)).kind, patience)
      .toBe('ok');
    await evil.flush();
    expect(heard).toEqual([]);
  });

  it('hands nothing to the signer but questions', async () => {
    const evil = await attacker('xds-server');
    const manager = bus('certificate-manager');
    const asked: number[] = [];
    manager.respond(
      subjects.sign,
      async (request) => {
        asked.push(request.request.length);
        return SignResponse.fromPartial({});
      },
      { signal: new AbortController().signal },
    );
    const api = new TextEncoder().encode(JSON.stringify({ seq: 1, batch: 10 }));
    evil.publish('osm.table-read.trust', api, { reply: `${subjects.sign.name}.xds-server` });
    evil.publish(`${subjects.sign.name}.xds-server`, 'no reply to this');
    await evil.flush();
    // Of two responders this one may be passed over, so ask until it has answered.
    const asker = bus('xds-server');
    const request = SignedRequest.fromPartial({ request: Buffer.alloc(7) });
    await expect
      .poll(async () => {
        await asker.request(subjects.sign, request);
        return asked.length;
      }, patience)
      .toBeGreaterThan(0);
    expect(new Set(asked)).toEqual(new Set([7]));
  });
});
