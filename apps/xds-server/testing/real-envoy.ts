import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '@osm/testkit';
import { vi } from 'vitest';
import { trustDomain } from './test-authority.ts';
import type { TestProxy, TestServer } from './test-server.ts';

/** An Envoy process that follows a test server, as a sidecar does. */
export interface RealEnvoy {
  /** A page of the admin interface. */
  readonly admin: (path: string) => Promise<string>;
  /** A counter or gauge; 0 when it does not exist (yet). */
  readonly stat: (name: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Envoy's names of the two protocols: delta, and state-of-the-world. */
export type AdsApiType = 'DELTA_GRPC' | 'GRPC';

/** Starts Envoy; returns when its admin interface answers. */
export async function startRealEnvoy(
  server: TestServer,
  proxy: TestProxy,
  apiType: AdsApiType = 'DELTA_GRPC',
): Promise<RealEnvoy> {
  const directory = await mkdtemp(join(tmpdir(), 'osm-xds-envoy-'));
  const bootstrap = await renderBootstrap(server, proxy, apiType);
  await writeFile(join(directory, 'bootstrap.json'), JSON.stringify(bootstrap));
  const child = spawn(
    findEnvoy(process.env),
    [
      '--config-path',
      join(directory, 'bootstrap.json'),
      '--admin-address-path',
      join(directory, 'admin'),
      '--disable-hot-restart',
      '--concurrency',
      '1',
      '--log-level',
      'error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const address = await vi.waitFor(
    async () => {
      const text = await readFile(join(directory, 'admin'), 'utf8');
      if (!text.includes(':')) throw new Error('no address yet');
      return text;
    },
    { timeout: 20_000 },
  );
  const admin = async (path: string): Promise<string> =>
    (await fetch(`http://${address}${path}`)).text();
  return {
    admin,
    stat: async (name) => {
      const text = await admin(`/stats?filter=^${name}$`);
      return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
    },
    stop: async () => {
      await end(child);
      await rm(directory, { recursive: true });
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** The bootstrap of a sidecar as far as ADS goes: mTLS with a pinned server name, a runtime layer by ADS. */
async function renderBootstrap(
  server: TestServer,
  proxy: TestProxy,
  apiType: AdsApiType,
): Promise<object> {
  const identity = await server.authority.issue({ kind: 'proxy', ...proxy });
  const name = `ads.${trustDomain}`;
  const ads = { ads: {}, resource_api_version: 'V3' };
  return {
    node: { id: proxy.uuid, cluster: 'test' },
    admin: { address: socketAddress(0) },
    // State-of-the-world cannot say that a runtime layer does not exist: Envoy goes on when this time is over.
    layered_runtime: {
      layers: [
        {
          name: 'rtds',
          rtds_layer: { name: 'rtds', rtds_config: { ...ads, initial_fetch_timeout: '1s' } },
        },
      ],
    },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(server.port) } }] }],
          },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
              sni: name,
              common_tls_context: {
                alpn_protocols: ['h2'],
                tls_certificates: [
                  {
                    certificate_chain: { inline_string: identity.chainPem },
                    private_key: { inline_string: identity.privateKeyPem },
                  },
                ],
                validation_context: {
                  trusted_ca: { inline_string: server.authority.bundle.rootsPem.join('\n') },
                  match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }],
                },
              },
            },
          },
        },
      ],
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
