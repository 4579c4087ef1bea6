import { X509Certificate } from 'node:crypto';
import { buckets } from '@osm/bus';
import { Secret } from '@osm/proto-envoy/secret';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ack,
  ask,
  bundle,
  contentOf,
  startTestServer,
  type TestProxy,
  type TestServer,
} from '../testing/test-server.ts';

const buyer: TestProxy = {
  uuid: '00000000-0000-4000-8000-000000000001',
  identity: { namespace: 'shop', serviceAccount: 'book.buyer' },
};
const thief: TestProxy = {
  uuid: '00000000-0000-4000-8000-000000000002',
  identity: { namespace: 'shop', serviceAccount: 'thief' },
};
const assignment = ({ identity }: TestProxy, name: string) => ({
  ...identity,
  pod: name,
  bundle: `workload.${name}`,
});

let server: TestServer;
afterEach(() => server.stop());

/** A mesh of two workloads: both call `a`, the buyer also `b`. */
async function startMesh(): Promise<void> {
  server = await startTestServer();
  const { compiled, workloads } = server;
  for (const name of ['a', 'b']) {
    compiled.set(`cluster.${name}`, clusters(name, 'c1'));
    compiled.set(
      `outbound.${name}`,
      bundle(
        [
          ['listener', name, 'l1'],
          ['route', name, 'r1'],
        ],
        [`cluster.${name}`],
      ),
    );
  }
  compiled.set('workload.buyer', bundle([], ['outbound.a', 'outbound.b']));
  compiled.set('workload.thief', bundle([], ['outbound.a']));
  workloads.set(buyer.uuid, assignment(buyer, 'buyer'));
  workloads.set(thief.uuid, assignment(thief, 'thief'));
  compiled.complete();
  workloads.complete();
  await vi.waitFor(() => expect(server.readiness.missing()).toEqual(new Map()));
}

const clusters = (name: string, version: string) =>
  bundle([
    ['cluster', name, version],
    ['endpoint', name, 'e1'],
  ]);

async function metric(line: string): Promise<string | undefined> {
  const { body } = await server.metrics.render();
  return body.split('\n').find((text) => text.startsWith(`${line} `));
}

describe('the xds-server', () => {
  it('gives each proxy its closure and its own identity', async () => {
    await startMesh();
    const call = await server.connect(buyer);
    call.send(ask('cluster', [], buyer.uuid));
    const clusters = await call.next();
    expect(contentOf(clusters)).toEqual(['a=c1', 'b=c1']);
    call.send(ask('endpoint', ['a', 'b']));
    call.send(ack(clusters));
    expect(contentOf(await call.next())).toEqual(['a=e1', 'b=e1']);
    call.send(ask('secret', ['identity', 'trust']));
    const secrets = await call.next();
    const [identity, trust] = secrets.resources.map(({ resource }) =>
      Secret.decode(resource?.value ?? Buffer.alloc(0)),
    );
    const chain = identity?.type?.$case === 'tlsCertificate' && identity.type.value;
    const pem = chain && chain.certificateChain?.specifier?.value.toString();
    expect(new X509Certificate(pem || '').subjectAltName).toContain(
      'DNS:book.buyer.shop.cluster.local',
    );
    const roots = trust?.type?.$case === 'validationContext' && trust.type.value;
    expect(roots && roots.trustedCa?.specifier?.value.toString()).toBe(
      server.authority.bundle.rootsPem[0],
    );
    expect(await metric('osm_proxy_connect_count')).toBe('osm_proxy_connect_count 1');
    call.close();
    await vi.waitFor(async () =>
      expect(await metric('osm_proxy_connect_count')).toBe('osm_proxy_connect_count 0'),
    );
  });

  it('sends a change to those it concerns, and nothing to others', async () => {
    await startMesh();
    const calls = await Promise.all([server.connect(buyer), server.connect(thief)]);
    const [first, second] = calls;
    first.send(ask('cluster', [], buyer.uuid));
    second.send(ask('cluster', [], thief.uuid));
    for (const call of calls) call.send(ack(await call.next()));
    server.compiled.set('cluster.b', clusters('b', 'c2'));
    expect(contentOf(await first.next())).toEqual(['b=c2']);
    // What comes next for the other one is about the next change, so there was nothing before.
    server.compiled.set('cluster.a', clusters('a', 'c2'));
    expect(contentOf(await first.next())).toEqual(['a=c2']);
    expect(contentOf(await second.next())).toEqual(['a=c2']);
    for (const call of calls) call.close();
  });

  it('issues one certificate for many streams of an identity', async () => {
    await startMesh();
    const calls = await Promise.all([1, 2, 3].map(() => server.connect(buyer)));
    for (const call of calls) {
      call.send(ask('secret', ['identity'], buyer.uuid));
      expect((await call.next()).resources).toHaveLength(1);
    }
    const workloads = server.authority.requests.filter(
      ({ subject }) => subject?.kind?.$case === 'workload',
    );
    expect(workloads).toHaveLength(1);
    for (const call of calls) call.close();
  });

  it('rejects a proxy that asks for the configuration of another', async () => {
    await startMesh();
    const call = await server.connect(thief);
    call.send(ask('cluster', [], buyer.uuid));
    expect(await call.ended).toEqual({
      code: 7,
      details: `node.id ${buyer.uuid} is not the proxy of the certificate, ${thief.uuid}`,
    });
    expect(await metric('osm_proxy_rejected_count{reason="node-id"}')).toMatch(/ 1$/);
  });

  it('rejects a certificate for another service account than the pod has', async () => {
    await startMesh();
    const forged = { uuid: buyer.uuid, identity: thief.identity };
    const call = await server.connect(forged);
    call.send(ask('cluster', [], buyer.uuid));
    expect((await call.ended).details).toBe(
      'pod shop/buyer runs as service account book.buyer, the certificate is for shop/thief',
    );
  });

  it('holds a proxy whose pod is not known yet', async () => {
    await startMesh();
    const late: TestProxy = { ...buyer, uuid: '00000000-0000-4000-8000-000000000003' };
    const call = await server.connect(late);
    call.send(ask('cluster', [], late.uuid));
    await vi.waitFor(async () =>
      expect(await metric('osm_proxy_xds_request_count{type="Cluster"}')).toMatch(/ 1$/),
    );
    server.workloads.set(late.uuid, assignment(late, 'buyer'));
    expect(contentOf(await call.next())).toEqual(['a=c1', 'b=c1']);
    call.close();
  });

  it('keeps a refused resource back and counts it', async () => {
    await startMesh();
    const call = await server.connect(thief);
    call.send(ask('cluster', [], thief.uuid));
    const response = await call.next();
    call.send({ ...ack(response), errorDetail: { code: 13, message: 'bad cluster' } });
    await vi.waitFor(async () =>
      expect(await metric('osm_proxy_resource_quarantined_count{type="Cluster"}')).toMatch(/ 1$/),
    );
    server.compiled.set('cluster.a', clusters('a', 'c2'));
    expect(contentOf(await call.next())).toEqual(['a=c2']);
    call.close();
  });

  it('publishes who is connected, what is refused, and which trust bundle is in use', async () => {
    await startMesh();
    const statuses = () => server.hub.contents(buckets.proxyStatus);
    const call = await server.connect(thief);
    call.send(ask('secret', ['trust'], thief.uuid));
    call.send(ack(await call.next()));
    call.send(ask('cluster'));
    const response = await call.next();
    call.send({ ...ack(response), errorDetail: { code: 13, message: 'bad cluster' } });
    await vi.waitFor(() =>
      expect(statuses().get(thief.uuid)).toMatchObject({
        namespace: 'shop',
        pod: 'thief',
        serviceAccount: 'thief',
        server: 'test',
        connected: true,
        ackedTrustBundle: 'bundle-1',
        rejections: [{ resource: 'a', version: 'c1', message: 'bad cluster' }],
      }),
    );
    server.compiled.set('cluster.a', clusters('a', 'c2'));
    await vi.waitFor(() => expect(statuses().get(thief.uuid)?.rejections).toEqual([]));
    call.close();
    await vi.waitFor(() => expect([...statuses().keys()]).toEqual([]));
  });

  it('serves from memory while the bus is away, and stays ready for proxies', async () => {
    await startMesh();
    const before = await server.connect(thief);
    before.send(ask('secret', ['identity'], thief.uuid));
    await before.next();
    server.hub.disconnect();
    expect(server.readiness.missing()).toEqual(new Map());
    const call = await server.connect(thief);
    call.send(ask('cluster', [], thief.uuid));
    expect(contentOf(await call.next())).toEqual(['a=c1']);
    call.send(ask('secret', ['identity', 'trust']));
    expect((await call.next()).resources).toHaveLength(2);
    server.hub.reconnect();
    server.compiled.set('cluster.a', clusters('a', 'c2'));
    expect(contentOf(await call.next())).toEqual(['a=c2']);
    call.close();
    before.close();
  });

  it('gives a new trust bundle to everybody', async () => {
    await startMesh();
    const call = await server.connect(buyer);
    call.send(ask('secret', ['trust'], buyer.uuid));
    expect(contentOf(await call.next())).toEqual(['trust=bundle-1']);
    server.trust.set('bundle', { ...server.authority.bundle, id: 'bundle-2' });
    expect(contentOf(await call.next())).toEqual(['trust=bundle-2']);
    call.close();
  });

  it('ends streams on shutdown so that proxies go elsewhere', async () => {
    await startMesh();
    const call = await server.connect(buyer);
    call.send(ask('cluster', [], buyer.uuid));
    await call.next();
    const stopped = server.stop();
    expect(await call.ended).toEqual({
      code: 14,
      details: 'this xDS server ends; connect to another one',
    });
    await stopped;
  });
});
