import { decodeKey } from '@osm/model';
import { invariant } from '@osm/prelude';

// Every name of an Envoy resource and every port that an Envoy listener of ours binds (docs/ARCHITECTURE.md, "Names in Envoy").

/** Names that every proxy has at most once. */
export const fixedNames = {
  outboundListener: 'outbound-listener',
  inboundListener: 'inbound-listener',
  metricsListener: 'inbound-prometheus-listener',
  passthroughCluster: 'passthrough-outbound',
  metricsCluster: 'envoy-metrics-cluster',
  /** SDS: certificate and key of the proxy that asks. */
  identitySecret: 'identity',
  /** SDS: validation context with the mesh's roots. */
  trustSecret: 'trust',
} as const;

/** Ports of OSM's sidecar; the injected iptables rules redirect to the first two. */
export const proxyPorts = {
  outbound: 15001,
  inbound: 15003,
  metrics: 15010,
  admin: 15000,
} as const;

interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Cluster and ClusterLoadAssignment of a service's target port (OSM's form). */
export function upstreamClusterName(service: ServiceName, targetPort: number): string {
  return `${service.namespace}/${service.name}|${targetPort}`;
}

/** Cluster of a headless service's TCP port whose endpoint is the pod that was dialled. */
export function dialledClusterName(service: ServiceName, targetPort: number): string {
  return `${upstreamClusterName(service, targetPort)}|dialled`;
}

/** The cluster name behind the key of an upstream unit: `cluster.<namespace>.<service>.<target port>.<variant>`, or `dialled. ...`. */
export function upstreamClusterNameOfKey(key: string): string {
  const [kind, namespace, name, targetPort] = decodeKey(key);
  invariant(
    (kind === 'cluster' || kind === 'dialled') &&
      namespace !== undefined &&
      name !== undefined &&
      targetPort !== undefined,
    `not the key of an upstream: ${key}`,
  );
  const nameOf = kind === 'dialled' ? dialledClusterName : upstreamClusterName;
  return nameOf({ namespace, name }, Number(targetPort));
}

/** The application's own port, behind its sidecar. */
export function localClusterName(targetPort: number): string {
  return `local|${targetPort}`;
}

/** Listener and route configuration of a service port, as clients see it. */
export function outboundName(service: ServiceName, port: number): string {
  return `outbound.${service.namespace}/${service.name}.${port}`;
}

/** Listener on one pod's address of a headless service's port. */
export function podListenerName(service: ServiceName, port: number, address: string): string {
  return `${outboundName(service, port)}@${address}`;
}

/** Route configuration of a target port on the server side (OSM's form). */
export function inboundRouteName(targetPort: number): string {
  return `rds-inbound.${targetPort}`;
}

/** Tells in-mesh TLS from an application's own (as OSM). Servers match it, and must not answer it (tls.ts). */
export const meshAlpn = 'osm';

/** The ALPN protocol of HTTP/2, which gRPC without a sidecar offers and expects. */
export const http2Alpn = 'h2';

/**
 * What a client of a TCP port offers as ALPN beside `meshAlpn`, and the filter chain of that client matches: who it says it is. It
 * proves it in the handshake that follows.
 */
export function clientAlpn(principal: string): string {
  return `${meshAlpn}/${principal}`;
}

/** Prefix of HTTP statistics, as OSM names them: shared by all services of a port, which keeps proxies small. */
export function outboundStatPrefix(port: number): string {
  return `rds-outbound.${port}`;
}

/** What proxyless gRPC asks for as a server: the bootstrap's `server_listener_resource_name_template`, `%s` being its address. */
export const proxylessServerTemplate = 'inbound/%s';

/** Certificate provider of the gRPC bootstrap: the files of the pod's identity and of the mesh's roots. */
export const certificateProvider = 'default';

/**
 * What proxyless gRPC calls a service: targets `xds:///<name>`, each with its port. `<service>.<namespace>` is the shortest: a name
 * without a namespace would mean another service to each client.
 */
export function proxylessTargets(domains: readonly string[], port: number): readonly string[] {
  const suffix = `.svc:${port}`;
  return domains
    .filter((domain) => domain.endsWith(suffix))
    .map((domain) => domain.slice(0, -suffix.length))
    .flatMap((name) => ['', '.svc', '.svc.cluster.local'].map((end) => `${name}${end}:${port}`));
}

/** Listener of a proxyless server's port, for each of the addresses that mean all of the pod's. */
export function proxylessServerListeners(port: number): readonly {
  readonly name: string;
  readonly address: string;
}[] {
  return [
    { text: '0.0.0.0', address: '0.0.0.0' },
    { text: '[::]', address: '::' },
  ].map(({ text, address }) => ({
    name: proxylessServerTemplate.replace('%s', `${text}:${port}`),
    address,
  }));
}
