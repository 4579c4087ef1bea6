import type { Json, JsonObject } from './json.ts';
import { probeTypes, type ForwardedProbe, type ProbeType } from './probes.ts';
import { sidecarPorts } from './sidecar.ts';

const typeUrl = 'type.googleapis.com/envoy.extensions';

/**
 * The static listeners of forwarded probes, one per type that has any. They are plain text on all addresses, and the
 * redirection lets their ports pass: the kubelet must reach them.
 */
export function probeListeners(probes: readonly ForwardedProbe[]): readonly JsonObject[] {
  return probeTypes
    .map((type) => ({ type, ofType: probes.filter((probe) => probe.type === type) }))
    .filter(({ ofType }) => ofType.length > 0)
    .map(({ type, ofType }) => probeListener(type, ofType));
}

/** The application's ports behind them, one cluster per probe. */
export function probeClusters(probes: readonly ForwardedProbe[]): readonly JsonObject[] {
  return probes.map((probe) => ({
    name: clusterName(probe),
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: clusterName(probe),
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: socketAddress('127.0.0.1', probe.port) } }] },
      ],
    },
    ...(probe.kind === 'tls-origination' ? { transport_socket: unverifiedTls } : {}),
  }));
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
  if (routed.length > 0) chains.push({ filters: [httpConnectionManager(routed)] });
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

function httpConnectionManager(probes: readonly ForwardedProbe[]): JsonObject {
  return {
    name: 'http_connection_manager',
    typed_config: {
      '@type': `${typeUrl}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'health_probes_http',
      route_config: {
        name: 'local_route',
        virtual_hosts: [{ name: 'local_service', domains: ['*'], routes: probes.map(route) }],
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
