import type { Json, JsonObject } from './json.ts';
import {
  probeTypes,
  type ForwardedGrpcPort,
  type ForwardedProbe,
  type ProbeForwarding,
  type ProbeType,
} from './probes.ts';
import { configuredPath, sidecarPorts } from './sidecar.ts';

const typeUrl = 'type.googleapis.com/envoy.extensions';

/**
 * The static listeners of forwarded probes: one per type that has any, and one per port with gRPC probes. They are plain text on all
 * addresses, and the redirection lets their ports pass: the kubelet must reach them. Only the very paths of the probes lead on.
 */
export function probeListeners({ http, grpc }: ProbeForwarding): readonly JsonObject[] {
  const byType = probeTypes
    .map((type) => ({ type, ofType: http.filter((probe) => probe.type === type) }))
    .filter(({ ofType }) => ofType.length > 0)
    .map(({ type, ofType }) => probeListener(type, ofType));
  return [...byType, ...grpc.map(grpcListener)];
}

/** Says that the proxy is configured: it could not be heard before. The admin interface, which knows it too, stays on the loopback. */
export const configuredListener: JsonObject = {
  name: 'configured_listener',
  address: socketAddress('0.0.0.0', sidecarPorts.configured),
  filter_chains: [
    {
      filters: [
        httpConnectionManager('configured', [
          {
            match: { path: configuredPath },
            direct_response: { status: 200, body: { inline_string: 'configured\n' } },
          },
        ]),
      ],
    },
  ],
};

/** The application's ports behind them, one cluster per probe, and per port with gRPC probes. */
export function probeClusters({ http, grpc }: ProbeForwarding): readonly JsonObject[] {
  return [
    ...http.map((probe) => ({
      ...applicationCluster(clusterName(probe), probe.port),
      ...(probe.kind === 'tls-origination' ? { transport_socket: unverifiedTls } : {}),
    })),
    ...grpc.map((forwarded) => ({
      ...applicationCluster(grpcClusterName(forwarded), forwarded.port),
      typed_extension_protocol_options: http2Only,
    })),
  ];
}

function applicationCluster(name: string, port: number): JsonObject {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress('127.0.0.1', port) } }] }],
    },
  };
}

const http2Only: JsonObject = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': `${typeUrl}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function grpcClusterName({ port }: ForwardedGrpcPort): string {
  return `grpc_probe_${port}_cluster`;
}

/** Answers the health question only: the port behind it is open to nobody else. */
function grpcListener(forwarded: ForwardedGrpcPort): JsonObject {
  const routes = [
    {
      match: { path: '/grpc.health.v1.Health/Check' },
      route: { cluster: grpcClusterName(forwarded), timeout: `${forwarded.timeoutSeconds}s` },
    },
  ];
  return {
    name: `grpc_probe_${forwarded.port}_listener`,
    address: socketAddress('0.0.0.0', forwarded.proxyPort),
    filter_chains: [{ filters: [httpConnectionManager('health_probes_grpc', routes)] }],
  };
}

/** TLS without verification, as the kubelet does it. */
const unverifiedTls = {
  name: 'tls',
  typed_config: { '@type': `${typeUrl}.transport_sockets.tls.v3.UpstreamTlsContext` },
};

function clusterName(probe: ForwardedProbe): string {
  return `${probe.container}_${probe.type}_cluster`;
}

function probeListener(type: ProbeType, probes: readonly ForwardedProbe[]): JsonObject {
  const passthrough = probes.find((probe) => probe.kind === 'tls-passthrough');
  const routed = probes.filter((probe) => probe.kind !== 'tls-passthrough');
  const chains: Json[] = [];
  if (passthrough !== undefined) chains.push(passthroughChain(passthrough));
  if (routed.length > 0)
    chains.push({ filters: [httpConnectionManager('health_probes_http', routed.map(route))] });
  return {
    name: `${type}_listener`,
    address: socketAddress('0.0.0.0', sidecarPorts[type]),
    ...(passthrough === undefined ? {} : { listener_filters: [tlsInspector] }),
    filter_chains: chains,
  };
}

const tlsInspector = {
  name: 'tls_inspector',
  typed_config: { '@type': `${typeUrl}.filters.listener.tls_inspector.v3.TlsInspector` },
};

function passthroughChain(probe: ForwardedProbe): JsonObject {
  return {
    filter_chain_match: { transport_protocol: 'tls' },
    filters: [
      {
        name: 'tcp_proxy',
        typed_config: {
          '@type': `${typeUrl}.filters.network.tcp_proxy.v3.TcpProxy`,
          stat_prefix: 'health_probes_https',
          cluster: clusterName(probe),
        },
      },
    ],
  };
}

function httpConnectionManager(statPrefix: string, routes: readonly JsonObject[]): JsonObject {
  return {
    name: 'http_connection_manager',
    typed_config: {
      '@type': `${typeUrl}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: statPrefix,
      route_config: {
        name: 'local_route',
        virtual_hosts: [{ name: 'local_service', domains: ['*'], routes }],
      },
      http_filters: [
        {
          name: 'router',
          typed_config: { '@type': `${typeUrl}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

/** An exact path: with OSM's prefix, the probe of container `app` also took those of `app-2`. */
function route(probe: ForwardedProbe): JsonObject {
  return {
    match: { path: probe.path },
    route: {
      cluster: clusterName(probe),
      prefix_rewrite: probe.originalPath,
      timeout: `${probe.timeoutSeconds}s`,
    },
  };
}

function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}
