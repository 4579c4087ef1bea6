import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignedRequest, SignResponse } from '@osm/proto-mesh';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { connect, Events, headers, nkeyAuthenticator, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buckets } from '../src/buckets.ts';
import type { Bus } from '../src/bus.ts';
import { createBus } from '../src/create-bus.ts';
import { parseSeed } from '../src/credentials.ts';
import {
  createDevelopmentCredentials,
  type DevelopmentCredentials,
} from '../src/development-credentials.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { meshRights, ownedBuckets, serviceNames } from '../src/rights.ts';
import { subjects } from '../src/subjects.ts';
import { silentLogger } from './memory-bus.ts';

const patience = { timeout: 20_000, interval: 10 };
const { signal } = new AbortController();
const tables = Object.values(buckets);
const writerOf = (bucket: string): string =>
  meshRights.tables.find((table) => table.bucket === bucket)?.writer ?? '';
const isAsker = (service: string): boolean =>
  meshRights.subjects.some(({ askers }) => askers.includes(service));

/**
 * Every service's key in the hands of somebody who means harm and speaks NATS without our library. What he may do by that service's own
 * rights is not here: docs/security.md says what each key buys.
 */
describe('whoever has stolen the key of one service', { timeout: 60_000 }, () => {
  let directory = '';
  let server: NatsServer;
  let credentials: DevelopmentCredentials;
  const buses = new Map<string, { readonly bus: Bus; readonly metrics: Metrics }>();
  const hostile: NatsConnection[] = [];
  /** What readers of each bucket were told, by bucket. */
  const told = new Map<string, string[]>();
  const asked: string[] = [];

  const busOf = (service: string): Bus => {
    const known = buses.get(service);
    if (known !== undefined) return known.bus;
    const metrics = createMetrics();
    const bus = createBus({
      url: server.url,
      credentialsFile: credentials.files.get(service),
      name: service,
      instance: `${service}-1`,
      log: silentLogger,
      metrics,
    });
    buses.set(service, { bus, metrics });
    return bus;
  };

  interface Thief {
    readonly nats: NatsConnection;
    /** What the server told him that he may not do, `<operation> <subject>`. */
    readonly refused: readonly string[];
    readonly heard: readonly string[];
    readonly listen: (subject: string) => void;
  }

  const steal = async (service: string): Promise<Thief> => {
    const file = credentials.files.get(service) ?? '';
    const nats = await connect({
      servers: server.url,
      authenticator: nkeyAuthenticator(parseSeed(readFileSync(file, 'utf8'), file)),
      inboxPrefix: `_INBOX_${service}`,
    });
    hostile.push(nats);
    const refused: string[] = [];
    const heard: string[] = [];
    void (async () => {
      for await (const { type, permissionContext } of nats.status())
        if (type === Events.Error && permissionContext !== undefined)
          refused.push(`${permissionContext.operation} ${permissionContext.subject}`);
    })();
    const listen = (subject: string): void =>
      void nats.subscribe(subject, {
        callback: (error, message) => error ?? heard.push(message.subject),
      });
    return { nats, refused, heard, listen };
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-hostile-'));
    credentials = createDevelopmentCredentials(directory);
    server = await startNatsServer({ directory, users: credentials.users });
    // A mesh with something in every bucket, and readers who note what they are told.
    for (const bucket of tables) {
      const table = busOf(writerOf(bucket.name)).own<unknown>({ ...bucket, codec: anyCodec });
      table.set('true', 'true');
      table.complete();
      const events: string[] = [];
      told.set(bucket.name, events);
      const reader = meshRights.tables.find((each) => each.bucket === bucket.name)?.readers[0];
      void (async () => {
        const watched = busOf(reader ?? '').watch<unknown>(
          { ...bucket, codec: anyCodec },
          { signal },
        );
        for await (const batch of watched)
          for (const event of batch)
            events.push(event.kind === 'complete' ? event.kind : `${event.kind} ${event.key}`);
      })();
    }
    await vi.waitFor(
      () => [...told.values()].forEach((events) => expect(events).toContain('complete')),
      patience,
    );
    busOf('certificate-manager').respond(
      subjects.sign,
      async (_, { asker }) => {
        asked.push(asker);
        return SignResponse.fromPartial({});
      },
      { signal },
    );
    const answered = async (service: string): Promise<string> =>
      (await busOf(service).request(subjects.sign, SignedRequest.fromPartial({}))).kind;
    for (const asker of ['injector', 'xds-server'])
      await vi.waitFor(async () => expect(await answered(asker)).toBe('ok'), patience);
  });

  afterAll(async () => {
    await Promise.all([...buses.values()].map(({ bus }) => bus.close()));
    await Promise.all(hostile.map((each) => each.close()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Everything readers were told so far; it must not grow by what a thief does. */
  const allTold = (): string => JSON.stringify([...told]);

  describe.each(serviceNames())('%s', (service) => {
    const foreign = tables.filter(({ name }) => writerOf(name) !== service);

    it('forges no trust bundle, manifest, catalog or status of others', async () => {
      const { nats, refused } = await steal(service);
      const before = allTold();
      const live = headers();
      live.set('Nats-Sequence', '1000');
      live.set('Nats-Time-Stamp', '2099-01-01T00:00:00.0Z');
      for (const { name } of foreign) {
        // As the owner writes it, and as the stream would repeat it.
        nats.publish(`$KV.${name}.bundle`, 'forged');
        nats.publish(`$KV.${name}.epoch`, 'forged');
        nats.publish(`osm.table.${name}.bundle`, 'forged', { headers: live });
      }
      // Not even of its own bucket past the stream.
      for (const { name } of tables)
        nats.publish(`osm.table.${name}.bundle`, 'forged', { headers: live });
      await nats.flush();
      for (const { name } of foreign)
        for (const subject of [`$KV.${name}.bundle`, `$KV.${name}.epoch`])
          await expect.poll(() => refused, patience).toContain(`publish ${subject}`);
      for (const { name } of tables)
        await expect.poll(() => refused, patience).toContain(`publish osm.table.${name}.bundle`);
      expect(allTold()).toBe(before);
    });

    it('does not delete, purge, change or copy streams of others, nor point a consumer anywhere', async () => {
      const { nats, refused } = await steal(service);
      const before = allTold();
      const config = {
        stream_name: 'x',
        config: { name: 'c', deliver_subject: '$KV.trust.bundle' },
      };
      const verbs = ['DELETE', 'PURGE', 'UPDATE', 'CREATE', 'RESTORE', 'SNAPSHOT', 'MSG.DELETE'];
      const calls = foreign.flatMap(({ name }) => [
        ...verbs.map((verb) => `$JS.API.STREAM.${verb}.KV_${name}`),
        `$JS.API.CONSUMER.CREATE.KV_${name}.c`,
        `$JS.API.CONSUMER.DURABLE.CREATE.KV_${name}.c`,
      ]);
      // Consumers of its own buckets neither: they could point at the subjects of others.
      const own = tables.map(({ name }) => `$JS.API.CONSUMER.CREATE.KV_${name}.c`);
      const leads = ownedBuckets(meshRights, service).has('leases');
      const more = [
        ...(leads ? [] : ['$JS.API.STREAM.CREATE.KV_leases', '$KV.leases.leader']),
        '$JS.API.STREAM.CREATE.thief',
        '$JS.API.STREAM.LIST',
        '$JS.API.ACCOUNT.PURGE.trust',
      ];
      const all = [...new Set([...calls, ...own, ...more])];
      for (const subject of all) nats.publish(subject, JSON.stringify(config));
      await nats.flush();
      await expect
        .poll(() => new Set(refused), patience)
        .toEqual(new Set(all.map((subject) => `publish ${subject}`)));
      expect(allTold()).toBe(before);
      // The server has it in its log, with the thief's account and key.
      const key = credentials.users.find((user) => user.service === service)?.publicKey ?? '';
      await expect
        .poll(server.output, patience)
        .toContain(`"${service}/nkey:${key}" - Publish Violation`);
    });

    it('hears no questions, answers and events of others, and answers nobody', async () => {
      const { nats, refused, heard, listen } = await steal(service);
      const others = serviceNames().filter((other) => other !== service);
      const readable = meshRights.tables.filter(
        ({ writer, readers }) => writer === service || readers.includes(service),
      );
      const closed = tables.filter(({ name }) => !readable.some(({ bucket }) => bucket === name));
      const listened = [
        ...others.map((other) => `_INBOX_${other}.>`),
        ...closed.map(({ name }) => `osm.table.${name}.>`),
        ...(service === 'certificate-manager' ? [] : [`${subjects.sign.name}.*`, '_R_.>']),
        ...['_INBOX.>', '>', '$KV.>', '$SYS.>', '$JS.EVENT.>'],
      ];
      listened.forEach(listen);
      await nats.flush();
      const request = SignedRequest.fromPartial({});
      for (const asker of ['injector', 'xds-server'])
        expect((await busOf(asker).request(subjects.sign, request)).kind).toBe('ok');
      for (const subject of listened)
        await expect.poll(() => refused, patience).toContain(`subscription ${subject}`);
      expect(heard).toEqual([]);
    });

    it('asks in the name of nobody else', async () => {
      const { nats, refused } = await steal(service);
      const before = asked.length;
      const names = serviceNames().filter((name) => name !== service || !isAsker(service));
      for (const name of names)
        nats.publish(`${subjects.sign.name}.${name}`, '', { reply: `_INBOX_${service}.x` });
      await nats.flush();
      for (const name of names)
        await expect
          .poll(() => refused, patience)
          .toContain(`publish ${subjects.sign.name}.${name}`);
      expect(asked.slice(before)).toEqual([]);
    });
  });

  it('a flood of questions of one service keeps another from nothing', async () => {
    const { nats } = await steal('injector');
    for (let sent = 0; sent < 5_000; sent++)
      nats.publish(`${subjects.sign.name}.injector`, 'no question', { reply: '_INBOX_injector.x' });
    const request = SignedRequest.fromPartial({});
    const answer = await busOf('xds-server').request(subjects.sign, request, { timeoutMs: 30_000 });
    expect(answer.kind).toBe('ok');
    const metrics = buses.get('certificate-manager')?.metrics;
    const rejected =
      /osm_bus_rejected_requests_total\{subject="osm.trust.v1.sign",reason="undecodable"\} (\d+)/;
    await expect
      .poll(async () => rejected.exec((await metrics?.render())?.body ?? '')?.[1], patience)
      .toBe('5000');
  });

  it('a service that is refused something itself counts it', async () => {
    const { bus, metrics } = buses.get('xds-server') ?? {};
    // A bucket that it may not write: as with an older server configuration.
    bus?.own({ ...buckets.trust }).set('bundle', { id: '', trustDomain: '', rootsPem: [] });
    await expect
      .poll(async () => (await metrics?.render())?.body, patience)
      .toMatch(/osm_bus_refused_total\{operation="publish"\} [1-9]/);
  });
});

const anyCodec = {
  encode: (value: unknown) => ({ finish: () => new TextEncoder().encode(String(value)) }),
  decode: (bytes: Uint8Array): unknown => new TextDecoder().decode(bytes),
};
