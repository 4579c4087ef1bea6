import {
  ApiVersion,
  Cluster,
  Cluster_DiscoveryType,
  ClusterLoadAssignment,
  Listener,
  packAny,
  TcpProxy,
  TransportSocket,
  typeUrls,
  UpstreamTlsContext,
  type ResourceType,
} from '@osm/proto-envoy';
import type { Bundle } from '@osm/proto-mesh';
import { hashHex } from '@osm/prelude';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRealEnvoy, type RealEnvoy } from '../testing/real-envoy.ts';
import { startTestServer, type TestProxy, type TestServer } from '../testing/test-server.ts';

const proxy: TestProxy = {
  uuid: '00000000-0000-4000-8000-000000000001',
  identity: { namespace: 'shop', serviceAccount: 'buyer' },
};
const overAds = {
  resourceApiVersion: ApiVersion.V3,
  configSourceSpecifier: { $case: 'ads', value: {} },
} as const;
/** Envoy waits 15 s for what does not come; everything here must be there long before. */
const soon = { timeout: 8000 };

function bundleOf(
  messages: readonly (readonly [ResourceType, name: string, body: Uint8Array])[],
  includes: readonly string[] = [],
): Bundle {
  const resources = messages.map(([type, name, body]) => ({
    typeUrl: typeUrls[type],
    name,
    version: hashHex(body),
    body: Buffer.from(body),
  }));
  return { resources, includes: [...includes] };
}

/** A cluster with endpoints by EDS, and TLS with the identity of the proxy. */
function backend(name: string, connectSeconds: number): Bundle {
  const sds = (secret: string) => ({ name: secret, sdsConfig: overAds });
  const tls = UpstreamTlsContext.fromPartial({
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [sds('identity')],
      validationContextType: { $case: 'validationContextSdsSecretConfig', value: sds('trust') },
    },
  });
  const cluster = Cluster.fromPartial({
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: overAds },
    connectTimeout: { seconds: connectSeconds },
    transportSocket: TransportSocket.fromPartial({
      name: 'tls',
      configType: { $case: 'typedConfig', value: packAny(UpstreamTlsContext, tls) },
    }),
  });
  const endpoints = ClusterLoadAssignment.fromPartial({ clusterName: name });
  return bundleOf([
    ['cluster', name, Cluster.encode(cluster).finish()],
    ['endpoint', name, ClusterLoadAssignment.encode(endpoints).finish()],
  ]);
}

/** A listener that passes connections to a cluster; without one it has no filter chain, which Envoy refuses. */
function listener(name: string, address: string, cluster?: string) {
  const tcpProxy = TcpProxy.fromPartial({
    statPrefix: name,
    clusterSpecifier: { $case: 'cluster', value: cluster ?? '' },
  });
  const filter = {
    name: 'tcp',
    configType: { $case: 'typedConfig', value: packAny(TcpProxy, tcpProxy) },
  } as const;
  const message = Listener.fromPartial({
    name,
    bindToPort: false,
    address: {
      address: {
        $case: 'socketAddress',
        value: { address, portSpecifier: { $case: 'portValue', value: 80 } },
      },
    },
    filterChains: cluster === undefined ? [] : [{ filters: [filter] }],
  });
  return ['listener', name, Listener.encode(message).finish()] as const;
}

describe.each(['DELTA_GRPC', 'GRPC'] as const)('a real Envoy over %s', (apiType) => {
  let server: TestServer;
  let envoy: RealEnvoy;

  beforeAll(async () => {
    server = await startTestServer();
    const { compiled, workloads } = server;
    compiled.set('cluster.a', backend('a', 1));
    compiled.set('workload.buyer', bundleOf([listener('to-a', '10.0.0.1', 'a')], ['cluster.a']));
    compiled.complete();
    workloads.set(proxy.uuid, { ...proxy.identity, pod: 'buyer-1', bundle: 'workload.buyer' });
    workloads.complete();
    envoy = await startRealEnvoy(server, proxy, apiType);
  }, 40_000);
  afterAll(async () => {
    await envoy.stop();
    await server.stop();
  });

  const clusters = async (): Promise<string> =>
    envoy.admin('/config_dump?resource=dynamic_active_clusters');
  const listeners = async (): Promise<string> => envoy.admin('/listeners');

  it('comes up: runtime layer, clusters, secrets and listeners all arrive', async () => {
    await vi.waitFor(async () => expect(await envoy.admin('/ready')).toBe('LIVE\n'), soon);
    expect(await listeners()).toContain('to-a');
    expect(await envoy.admin('/certs')).toContain('spiffe://cluster.local/buyer/shop');
  });

  it('uses a changed cluster at once, because its endpoints are sent again', async () => {
    server.compiled.set('cluster.a', backend('a', 2));
    await vi.waitFor(
      async () => expect(await clusters()).toContain('"connect_timeout": "2s"'),
      soon,
    );
    expect(await envoy.stat('cluster_manager.warming_clusters')).toBe(0);
  });

  it('takes a new listener with a new cluster, and lets another have a freed address', async () => {
    server.compiled.set('cluster.b', backend('b', 1));
    server.compiled.set(
      'workload.buyer',
      bundleOf([listener('to-b', '10.0.0.1', 'b')], ['cluster.b']),
    );
    await vi.waitFor(async () => {
      expect(await listeners()).toContain('to-b');
      expect(await listeners()).not.toContain('to-a');
      expect(await clusters()).not.toContain('"name": "a"');
    }, soon);
    expect(await envoy.stat('listener_manager.lds.update_rejected')).toBe(0);
  });

  it('has the good siblings of what it refuses, and the offender once it is put right', async () => {
    const good = listener('to-c', '10.0.0.3', 'b');
    const rest = [listener('to-b', '10.0.0.1', 'b'), good] as const;
    server.compiled.set(
      'workload.buyer',
      bundleOf([...rest, listener('bad', '10.0.0.4')], ['cluster.b']),
    );
    await vi.waitFor(async () => expect(await listeners()).toContain('to-c'), soon);
    const { body } = await server.metrics.render();
    expect(body).toContain('osm_proxy_resource_quarantined_count{type="Listener"} 1');
    const rejected = await envoy.stat('listener_manager.lds.update_rejected');
    expect(rejected).toBeGreaterThan(0);
    server.compiled.set(
      'workload.buyer',
      bundleOf([...rest, listener('bad', '10.0.0.4', 'b')], ['cluster.b']),
    );
    await vi.waitFor(async () => expect(await listeners()).toContain('bad'), soon);
    expect(await envoy.stat('listener_manager.lds.update_rejected')).toBe(rejected);
  });

  it('loses what went while it was away, and has what came', async () => {
    const { compiled, workloads } = server;
    const assignment = { ...proxy.identity, pod: 'buyer-1', bundle: 'workload.buyer' };
    workloads.set(proxy.uuid, { ...assignment, serviceAccount: 'somebody-else' });
    await vi.waitFor(
      async () => expect(await envoy.stat('control_plane.connected_state')).toBe(0),
      soon,
    );
    compiled.set('cluster.d', backend('d', 1));
    compiled.set('workload.buyer', bundleOf([listener('to-d', '10.0.0.1', 'd')], ['cluster.d']));
    workloads.set(proxy.uuid, assignment);
    await vi.waitFor(
      async () => {
        expect(await listeners()).toContain('to-d');
        expect(await listeners()).not.toContain('to-b');
        expect(await clusters()).toContain('"name": "d"');
        expect(await clusters()).not.toContain('"name": "b"');
      },
      { timeout: 20_000 },
    );
    expect(await envoy.stat('cluster_manager.warming_clusters')).toBe(0);
  }, 40_000);
});
