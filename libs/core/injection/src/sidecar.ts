/** Ports of the sidecar. The listeners of the first three come by xDS (libs/core/envoy/src/names.ts). */
export const sidecarPorts = {
  outbound: 15001,
  inbound: 15003,
  metrics: 15010,
  admin: 15000,
  liveness: 15901,
  readiness: 15902,
  startup: 15903,
  /** Answers HTTP probes by opening a TCP connection: container osm-healthcheck. */
  tcpHealth: 15904,
  /** Answers once the mesh has configured the proxy; of a proxyless pod's agent, once identity and roots are there. */
  configured: 15905,
  /** gRPC probes, one port per port of the application, from here on. */
  firstGrpcProbe: 15910,
} as const;

/** More ports with gRPC probes than this are not forwarded: the next numbers may be the application's. */
export const grpcProbePortsMax = 10;

/** Linux user of the proxy: what it sends is not redirected to it again. Applications must not use it. */
export const sidecarUid = 1500;

/** Where the kubelet asks whether the proxy has a configuration. Its failure message shows the path: it says what is missing. */
export const configuredPath = '/configured-by-osm-controller';

/** Names in an injected pod that users and tools know. */
export const podNames = {
  initContainer: 'osm-init',
  envoyContainer: 'envoy',
  healthcheckContainer: 'osm-healthcheck',
  volume: 'envoy-bootstrap-config-volume',
  uuidLabel: 'osm-proxy-uuid',
} as const;

/** Where the bootstrap Secret is mounted in the envoy container. */
export const bootstrapDirectory = '/etc/envoy';

/** Keys of the bootstrap Secret, which are the files in `bootstrapDirectory`. */
export const bootstrapFiles = {
  bootstrap: 'bootstrap.yaml',
  certificateSecret: 'tls_certificate_sds_secret.yaml',
  validationSecret: 'validation_context_sds_secret.yaml',
  roots: 'cacert.pem',
  chain: 'sds_cert.pem',
  key: 'sds_key.pem',
} as const;

/** Name of a proxy's bootstrap Secret, in the namespace of its pod. */
export function bootstrapSecretName(proxyUuid: string): string {
  return `envoy-bootstrap-config-${proxyUuid}`;
}
