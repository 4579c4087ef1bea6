import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyPair, createRootCertificate, exportPrivateKeyPem } from '@osm/pki';
import { validateBootstrap } from '@osm/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { injectionRequest, pod, proxyUuid } from '../testing/index.ts';
import { emitBootstrapSecret, type BootstrapCertificate } from './bootstrap-secret.ts';
import type { XdsAddress } from './bootstrap.ts';
import { injectPod } from './inject-pod.ts';
import type { JsonObject } from './json.ts';
import { noForwarding } from './probes.ts';

const httpGet = { port: 8080, path: '/live' };
const https = { port: 8443, scheme: 'HTTPS' };
const plain = [{ name: 'app' }];
const named = [{ host: 'osm-controller.osm-system.svc', port: 15128 }];

let directory: string;
let certificate: BootstrapCertificate;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'osm-bootstrap-'));
  const pair = await createKeyPair();
  const root = await createRootCertificate({ pair, nowMs: Date.now() });
  certificate = {
    chainPem: root,
    privateKeyPem: (await exportPrivateKeyPem(pair)).reveal(),
    rootsPem: [root],
    trustBundleId: 'id',
  };
});
afterAll(() => rm(directory, { recursive: true }));

function bootstrapOf(
  containers: readonly JsonObject[] = plain,
  xdsAddresses: readonly XdsAddress[] = named,
): JsonObject {
  const request = injectionRequest({ pod: pod({ spec: { containers } }), xdsAddresses });
  const result = injectPod(request);
  if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
  return result.bootstrap;
}

function secretOf(bootstrap: JsonObject) {
  const secret = emitBootstrapSecret({
    proxyUuid,
    namespace: 'shop',
    bootstrap,
    probes: noForwarding,
    certificate,
    meshName: 'osm',
    version: 'v1',
  });
  const data = Object.entries(secret['data'] as Record<string, string>);
  const files = data.map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]);
  return { secret, files: Object.fromEntries(files) as Record<string, string> };
}

describe('emitBootstrapSecret', () => {
  it('has the name, labels and keys of OSM', () => {
    const { secret, files } = secretOf({});
    expect(secret).toMatchObject({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name: `envoy-bootstrap-config-${proxyUuid}`,
        namespace: 'shop',
        labels: { 'app.kubernetes.io/name': 'openservicemesh.io' },
      },
    });
    expect(Object.keys(files).sort()).toEqual([
      'bootstrap.yaml',
      'cacert.pem',
      'sds_cert.pem',
      'sds_key.pem',
      'tls_certificate_sds_secret.yaml',
      'validation_context_sds_secret.yaml',
    ]);
    expect(files).toMatchObject({
      'sds_cert.pem': certificate.chainPem,
      'sds_key.pem': certificate.privateKeyPem,
      'cacert.pem': certificate.rootsPem.join(''),
    });
  });
});

describe('emitBootstrap', () => {
  it('names the proxy, asks for deltas, and pins the xDS server', () => {
    const bootstrap = bootstrapOf();
    expect(bootstrap).toMatchObject({
      node: { id: proxyUuid, cluster: 'bookstore.shop' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15000 } } },
      dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC' } },
      static_resources: { listeners: [{ name: 'configured_listener' }] },
    });
    expect(JSON.stringify(bootstrap)).toContain(
      '"match_typed_subject_alt_names":[{"san_type":"DNS","matcher":{"exact":"ads.cluster.local"}}]',
    );
  });

  it('goes nowhere without a first configuration, and says so when it has one', () => {
    const { dynamic_resources, static_resources } = bootstrapOf();
    expect(dynamic_resources).toMatchObject({
      cds_config: { initial_fetch_timeout: '0s' },
      lds_config: { initial_fetch_timeout: '0s' },
    });
    expect(static_resources).toMatchObject({
      listeners: [{ address: { socket_address: { address: '0.0.0.0', port_value: 15905 } } }],
    });
  });

  it('has no statistics for what is not in use, and all that dashboards of OSM show', () => {
    const { deferred_stat_options, stats_config } = bootstrapOf();
    expect(deferred_stat_options).toEqual({ enable_deferred_creation_stats: true });
    const { patterns } = (
      stats_config as {
        stats_matcher: {
          exclusion_list: { patterns: { contains?: string; safe_regex?: { regex: string } }[] };
        };
      }
    ).stats_matcher.exclusion_list;
    const isLeftOut = (name: string): boolean =>
      patterns.some(({ contains, safe_regex: regex }) =>
        contains === undefined
          ? new RegExp(`^${regex?.regex ?? ''}$`).test(name)
          : name.includes(contains),
      );
    expect(isLeftOut('cluster.shop/store|8080.update_duration')).toBe(true);
    expect(isLeftOut('cluster.shop/store|8080.lb_zone_cluster_too_small')).toBe(true);
    expect(isLeftOut('http.rds-outbound.80.rds.outbound.shop/store.80.version_text')).toBe(true);
    for (const name of ['server.live', 'server.version', 'listener_manager.lds.version'])
      expect(isLeftOut(name), name).toBe(false);
    // OSM's scrape configuration keeps these of a cluster.
    for (const name of [
      ...['upstream_rq_xx', 'upstream_rq_200', 'upstream_rq_time', 'upstream_rq_total'],
      ...['upstream_cx_active', 'upstream_cx_tx_bytes_total', 'upstream_cx_rx_bytes_total'],
      ...['upstream_cx_connect_timeout', 'upstream_cx_destroy_remote_with_active_rq'],
      ...['upstream_cx_destroy_local_with_active_rq', 'upstream_rq_pending_failure_eject'],
      ...['upstream_rq_pending_overflow', 'upstream_rq_timeout', 'upstream_rq_rx_reset'],
      ...['health_check.success', 'update_rejected', 'membership_healthy', 'ssl.fail_verify_san'],
    ])
      expect(isLeftOut(`cluster.shop/store|8080.${name}`), name).toBe(false);
  });

  it('matches a probe by its whole path, not by its beginning', () => {
    const probed = ['app', 'app-2'].map((name) => ({ name, livenessProbe: { httpGet } }));
    expect(JSON.stringify(bootstrapOf(probed)).match(/"match":\{[^}]*\}/g)).toEqual([
      '"match":{"path":"/configured-by-osm-controller"}',
      '"match":{"path":"/osm-liveness-probe/app"}',
      '"match":{"path":"/osm-liveness-probe/app-2"}',
    ]);
  });

  const everyProbe = [
    {
      name: 'app',
      livenessProbe: { httpGet },
      readinessProbe: { httpGet: https },
      startupProbe: { tcpSocket: { port: 1 } },
    },
    { name: 'app-2', livenessProbe: { httpGet: https }, readinessProbe: { httpGet: https } },
    { name: 'app-3', livenessProbe: { grpc: { port: 9 } }, readinessProbe: { grpc: { port: 10 } } },
  ];
  const addresses = [
    { host: '10.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ];
  it.each([
    ['without probes', plain, named],
    ['with two xDS servers by address', plain, addresses],
    ['with probes of every kind', everyProbe, named],
  ])('is accepted by Envoy %s', async (_what, containers, xdsAddresses) => {
    const { files } = secretOf(bootstrapOf(containers, xdsAddresses));
    // Mounted at /etc/envoy in a pod; here the files are somewhere else.
    for (const [name, text] of Object.entries(files))
      await writeFile(join(directory, name), text.replaceAll('/etc/envoy', directory));
    expect(await validateBootstrap(join(directory, 'bootstrap.yaml'))).toBeUndefined();
  });
});
