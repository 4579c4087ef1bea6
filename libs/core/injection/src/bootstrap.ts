import type { Identity, Sidecar } from '@osm/model';
import type { Json, JsonObject } from './json.ts';
import { configuredListener, probeClusters, probeListeners } from './probe-resources.ts';
import type { ProbeForwarding } from './probes.ts';
import { bootstrapDirectory, bootstrapFiles, sidecarPorts } from './sidecar.ts';

/** Where the xDS server is. Several addresses are its replicas. */
export interface XdsAddress {
  readonly host: string;
  readonly port: number;
}

/** The proxy, and what its Envoy must know before it can ask. */
export interface BootstrapRequest {
  readonly proxyUuid: string;
  readonly identity: Identity;
  readonly trustDomain: string;
  readonly xdsAddresses: readonly XdsAddress[];
  readonly sidecar: Sidecar | undefined;
  readonly probes: ProbeForwarding;
}

/** The one cluster that a proxy knows from the start. OSM's name. */
const xdsCluster = 'osm-controller';
const typeUrl = 'type.googleapis.com/envoy.extensions';

/**
 * RE2 programs up to this size are accepted. Envoy's own limit of 100 is soon reached by a path with alternatives; what users
 * may write is limited by the compiler, with a diagnostic, far below.
 */
export const re2ProgramSizeMax = 100_000;

/**
 * The Envoy bootstrap of a sidecar, as JSON, which is YAML. It is baked into the pod: it holds what cannot come by
 * xDS, and nothing else.
 */
export function emitBootstrap(request: BootstrapRequest): JsonObject {
  return {
    node: { id: request.proxyUuid, cluster: serviceCluster(request.identity) },
    admin: { address: socketAddress('127.0.0.1', sidecarPorts.admin) },
    dynamic_resources: {
      ads_config: adsConfig,
      cds_config: untilConfigured,
      lds_config: untilConfigured,
    },
    layered_runtime: { layers: runtimeLayers },
    ...statistics,
    static_resources: {
      listeners: [configuredListener, ...probeListeners(request.probes)],
      clusters: [emitXdsCluster(request), ...probeClusters(request.probes)],
    },
  };
}

/**
 * Envoy would go on without a configuration after 15 s, and look alive. It listens nowhere before the first one is complete, which is how
 * the kubelet learns of it (`configuredListener`).
 */
const untilConfigured: JsonObject = {
  ads: {},
  resource_api_version: 'V3',
  initial_fetch_timeout: '0s',
};

/** Node cluster and --service-cluster: the service identity. */
export function serviceCluster(identity: Identity): string {
  return `${identity.serviceAccount}.${identity.namespace}`;
}

/** A bootstrap or any JSON as a text for a file, the same for the same value. */
export function renderJson(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/**
 * Runtime settings: ours, over them what the xDS server may send one day, so that a setting can reach pods that are running.
 * Envoy asks for that layer first and goes on when it is answered; the xDS server answers at once that there is none. The
 * limit is for one that does not answer.
 */
const runtimeLayers: readonly JsonObject[] = [
  {
    name: 'static',
    static_layer: { 're2.max_program_size.error_level': re2ProgramSizeMax },
  },
  {
    name: 'rtds',
    rtds_layer: {
      name: 'rtds',
      rtds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '1s' },
    },
  },
];

/**
 * A proxy pays for every service that it may reach, whether it calls it or not: so the traffic statistics of a cluster come into being
 * with its first call, and statistics of features that are not in use, or of how the configuration of single clusters and routes came
 * (`update_rejected` and the like remain), never do. All that OSM's scrape configuration and dashboards name are kept.
 */
const statistics: JsonObject = {
  deferred_stat_options: { enable_deferred_creation_stats: true },
  stats_config: { stats_matcher: { exclusion_list: { patterns: unusedStatistics() } } },
};

function unusedStatistics(): readonly JsonObject[] {
  const features = [
    ...['.lb_subsets_', '.lb_zone_', '.ocsp_staple_', '.circuit_breakers.high.'],
    ...['.assignment_', '.client_ssl_socket_factory.', '.default.total_match_count'],
  ];
  const ends = [
    ...['update_duration', 'update_time', 'update_empty', 'update_no_rebuild'],
    ...['config_reload_time_ms', 'init_fetch_timeout', 'version', 'version_text'],
  ];
  return [
    ...features.map((contains) => ({ contains })),
    { safe_regex: { regex: `(cluster|http)[.].*[.](${ends.join('|')})` } },
  ];
}

const adsConfig: JsonObject = {
  api_type: 'DELTA_GRPC',
  transport_api_version: 'V3',
  set_node_on_first_message_only: true,
  grpc_services: [
    {
      envoy_grpc: {
        cluster_name: xdsCluster,
        // Envoy waits up to 30 s by default: a proxy must be back soon after a restart of the xDS server.
        retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '2s' } },
      },
    },
  ],
};

function emitXdsCluster(request: BootstrapRequest): JsonObject {
  const { xdsAddresses } = request;
  const isStatic = xdsAddresses.every(({ host }) => isIpAddress(host));
  return {
    name: xdsCluster,
    // STRICT_DNS also takes several names, and follows a headless Service's addresses; OSM has LOGICAL_DNS.
    ...(isStatic ? { type: 'STATIC' } : { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' }),
    connect_timeout: '2s',
    load_assignment: {
      cluster_name: xdsCluster,
      endpoints: [
        {
          lb_endpoints: xdsAddresses.map(({ host, port }) => ({
            endpoint: { address: socketAddress(host, port) },
          })),
        },
      ],
    },
    upstream_connection_options: {
      tcp_keepalive: { keepalive_probes: 5, keepalive_time: 60, keepalive_interval: 5 },
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${typeUrl}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: {
          // A server that vanished without a word is noticed within 15 s.
          http2_protocol_options: { connection_keepalive: { interval: '10s', timeout: '5s' } },
        },
      },
    },
    transport_socket: { name: 'tls', typed_config: emitXdsTls(request) },
  };
}

function emitXdsTls({ sidecar, trustDomain }: BootstrapRequest): JsonObject {
  const serverName = `ads.${trustDomain}`;
  return {
    '@type': `${typeUrl}.transport_sockets.tls.v3.UpstreamTlsContext`,
    sni: serverName,
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_params: tlsParameters(sidecar),
      tls_certificate_sds_secret_configs: [
        sdsConfig(secretNames.certificate, bootstrapFiles.certificateSecret),
      ],
      combined_validation_context: {
        // Without the pin any certificate of the mesh could pose as the xDS server.
        default_validation_context: {
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
        },
        validation_context_sds_secret_config: sdsConfig(
          secretNames.validation,
          bootstrapFiles.validationSecret,
        ),
      },
    },
  };
}

/** Names of the two secrets that come from files, not by xDS. */
export const secretNames = {
  certificate: 'tls_sds',
  validation: 'validation_context_sds',
} as const;

function sdsConfig(name: string, file: string): JsonObject {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      path_config_source: {
        path: `${bootstrapDirectory}/${file}`,
        // Kubernetes replaces a mounted Secret by moving a directory: only the directory sees that.
        watched_directory: { path: bootstrapDirectory },
      },
    },
  };
}

function tlsParameters(sidecar: Sidecar | undefined): JsonObject {
  const version = (text: string | undefined): Json =>
    text === undefined || text === '' ? 'TLS_AUTO' : text;
  return {
    tls_minimum_protocol_version: version(sidecar?.tlsMinProtocolVersion),
    tls_maximum_protocol_version: version(sidecar?.tlsMaxProtocolVersion),
    ...(sidecar?.cipherSuites.length ? { cipher_suites: sidecar.cipherSuites } : {}),
    ...(sidecar?.ecdhCurves.length ? { ecdh_curves: sidecar.ecdhCurves } : {}),
  };
}

function isIpAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':');
}

function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}
