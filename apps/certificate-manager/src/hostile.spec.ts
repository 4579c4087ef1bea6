import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createBus,
  createDevelopmentCredentials,
  startNatsServer,
  subjects,
  type Bus,
  type DevelopmentCredentials,
  type NatsServer,
} from '@osm/bus';
import { silentLogger } from '@osm/bus/testing';
import type { CertificateSubject, SignedRequest } from '@osm/proto-mesh';
import { createMetrics } from '@osm/telemetry';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bookstore } from '../testing/provider-contract.ts';
import { publishCatalog, refusalCode, sealed } from '../testing/questions.ts';
import { startReplica, type Replica } from '../testing/replica.ts';

const patience = { timeout: 20_000, interval: 10 };
const identity = { namespace: 'shop', serviceAccount: 'bookstore' };
const proxy: CertificateSubject = {
  kind: { $case: 'proxy', value: { uuid: '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d', ...identity } },
};

/** The certificate manager as it is, on a real bus, and the keys of its askers in the wrong hands. */
describe('who has stolen the key of an asker', { timeout: 60_000 }, () => {
  let directory = '';
  let server: NatsServer;
  let credentials: DevelopmentCredentials;
  let replica: Replica;
  const buses: Bus[] = [];

  const connect = (options: { readonly service?: string } = {}): Bus => {
    const name = options.service ?? 'xds-server';
    const bus = createBus({
      url: server.url,
      credentialsFile: credentials.files.get(name),
      name,
      instance: `${name}-${buses.length}`,
      log: silentLogger,
      metrics: createMetrics(),
    });
    buses.push(bus);
    return bus;
  };
  const answerTo = async (bus: Bus, request: SignedRequest): Promise<string> => {
    const response = await bus.request(subjects.sign, request, { timeoutMs: 30_000 });
    return response.kind === 'ok' ? (refusalCode(response.value) ?? 'issued') : 'no answer';
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-hostile-'));
    credentials = createDevelopmentCredentials(join(directory, 'nats'));
    server = await startNatsServer({
      directory: join(directory, 'nats'),
      users: credentials.users,
    });
    const hub = { connect };
    publishCatalog(hub);
    replica = startReplica(hub, 'certificate-manager-1', join(directory, 'ca'));
    const asker = connect();
    await vi.waitFor(
      async () =>
        expect(await answerTo(asker, await sealed('xds-server', bookstore))).toBe('issued'),
      patience,
    );
  });
  afterAll(async () => {
    await replica.stop();
    await Promise.all(buses.map((bus) => bus.close()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gets nothing with a question that was captured, as the same service or as another', async () => {
    const [thief, other] = [connect(), connect({ service: 'injector' })];
    await vi.waitFor(() => expect(thief.connected() && other.connected()).toBe(true), patience);
    const captured = await sealed('xds-server', bookstore);
    expect(await answerTo(other, captured)).toBe('invalid_proof');
    expect(await answerTo(thief, captured)).toBe('issued');
    expect(await answerTo(thief, captured)).toBe('replayed');
    const old = await sealed('xds-server', bookstore, Date.now() - 61_000);
    expect(await answerTo(thief, old)).toBe('stale');
    const { body } = await replica.metrics.render();
    expect(body).toContain('osm_cert_refused_count{asker="xds-server",code="replayed"} 1\n');
    expect(body).toContain('osm_cert_refused_count{asker="injector",code="invalid_proof"} 1\n');
  });

  it('gets what that service may have, and of identities that exist', async () => {
    const injector = connect({ service: 'injector' });
    await vi.waitFor(() => expect(injector.connected()).toBe(true), patience);
    expect(await answerTo(injector, await sealed('injector', proxy))).toBe('issued');
    expect(await answerTo(injector, await sealed('injector', bookstore))).toBe('forbidden');
    const nobody: CertificateSubject = {
      kind: { $case: 'workload', value: { namespace: 'kube-system', serviceAccount: 'admin' } },
    };
    const xds = connect();
    await vi.waitFor(() => expect(xds.connected()).toBe(true), patience);
    expect(await answerTo(xds, await sealed('xds-server', nobody))).toBe('unknown_identity');
  });

  it('starves no other service by a flood, nor fills the log', async () => {
    const [thief, polite] = [connect({ service: 'injector' }), connect()];
    await vi.waitFor(() => expect(thief.connected() && polite.connected()).toBe(true), patience);
    const question = await sealed('injector', proxy);
    expect(await answerTo(thief, question)).toBe('issued');
    const flood = Array.from({ length: 3_000 }, () => answerTo(thief, question));
    for (let times = 0; times < 3; times++)
      expect(await answerTo(polite, await sealed('xds-server', bookstore))).toBe('issued');
    const outcomes = new Set(await Promise.all(flood));
    expect(outcomes).toContain('replayed');
    expect(outcomes).not.toContain('issued');
    expect(replica.warnings().filter((each) => each === 'certificate refused').length).toBeLessThan(
      20,
    );
  });
});
