import type { Identity } from '@osm/model';
import { serviceCluster, type XdsAddress } from './bootstrap.ts';
import type { SidecarImages } from './containers.ts';
import { asObjects, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import {
  bootstrapDirectory,
  bootstrapSecretName,
  podNames,
  sidecarPorts,
  sidecarUid,
} from './sidecar.ts';

// A pod whose gRPC speaks xDS itself (annotation openservicemesh.io/proxyless-grpc). It gets no proxy and no redirection, but an agent:
// gRPC can neither fetch its certificates by SDS nor speak mutual TLS to the xDS server.
//
//   application ── xds.sock ──> agent ══ADS/mTLS══> xds-server
//        └── identity.pem, trust.pem <── SDS ──┘

/** Names in a proxyless pod that users and tools know. */
export const proxylessNames = {
  agentContainer: 'osm-grpc-agent',
  volume: 'osm-grpc',
} as const;

/** Where the application finds what the agent has for it. */
export const proxylessDirectory = '/var/run/osm-grpc';

/** What the agent has for the application, in `proxylessDirectory`. */
export const proxylessFiles = {
  bootstrap: 'bootstrap.json',
  /** Certificate chain and private key in one file: as two they could be read one old and one new. */
  identity: 'identity.pem',
  /** The mesh's roots. */
  trust: 'trust.pem',
  socket: 'xds.sock',
} as const;

/**
 * The bootstrap of gRPC (its own format, the same for all languages). The names of the certificate provider and of server listeners are
 * those of libs/core/envoy/src/names.ts.
 */
export function emitGrpcBootstrap(proxyUuid: string, identity: Identity): JsonObject {
  const file = (name: string): string => `${proxylessDirectory}/${name}`;
  return {
    xds_servers: [
      {
        server_uri: `unix://${file(proxylessFiles.socket)}`,
        channel_creds: [{ type: 'insecure' }],
        // A service that may be called no more keeps its last configuration, and its servers refuse. Without this grpc-js 1.14 forgets a
        // listener that goes and never finds it again when it comes back as it was.
        server_features: ['xds_v3', 'ignore_resource_deletion'],
      },
    ],
    node: { id: proxyUuid, cluster: serviceCluster(identity), locality: {} },
    certificate_providers: {
      default: {
        plugin_name: 'file_watcher',
        config: {
          certificate_file: file(proxylessFiles.identity),
          private_key_file: file(proxylessFiles.identity),
          ca_certificate_file: file(proxylessFiles.trust),
          refresh_interval: '1s',
        },
      },
    },
    server_listener_resource_name_template: 'inbound/%s',
  };
}

export interface ProxylessPatch {
  readonly pod: AdmittedPod;
  readonly proxyUuid: string;
  readonly images: SidecarImages;
  readonly trustDomain: string;
  readonly xdsAddresses: readonly XdsAddress[];
}

/** Adds agent, volumes and, in every container of the user, the way to the bootstrap. A variable that the user has set stays. */
export function patchProxylessPod(patch: ProxylessPatch): JsonObject {
  const { pod, proxyUuid } = patch;
  return {
    ...pod.document,
    metadata: { ...pod.metadata, labels: { ...pod.labels, [podNames.uuidLabel]: proxyUuid } },
    spec: {
      ...pod.spec,
      volumes: [
        ...pod.volumes,
        { name: podNames.volume, secret: { secretName: bootstrapSecretName(proxyUuid) } },
        { name: proxylessNames.volume, emptyDir: {} },
      ],
      initContainers: [...pod.initContainers, agentContainer(patch)],
      containers: pod.containers.map(withBootstrap),
    },
  };
}

/** What the pod has under a name that the agent needs; undefined when nothing. */
export function takenByProxylessPod(pod: AdmittedPod): string | undefined {
  const { agentContainer: agent, volume } = proxylessNames;
  const containers = [...pod.containers, ...pod.initContainers];
  if (containers.some(({ name }) => name === agent))
    return `a container of the pod is named "${agent}", the name of the agent's: rename it`;
  const names: readonly Json[] = [volume, podNames.volume];
  const taken = pod.volumes.find(({ name }) => name !== undefined && names.includes(name));
  return taken === undefined
    ? undefined
    : `a volume of the pod is named "${String(taken['name'])}", which the agent needs for itself: rename it`;
}

function withBootstrap(container: JsonObject): JsonObject {
  const env = asObjects(container['env']) ?? [];
  const mounts = asObjects(container['volumeMounts']) ?? [];
  const own = [
    { name: 'GRPC_XDS_BOOTSTRAP', value: `${proxylessDirectory}/${proxylessFiles.bootstrap}` },
    // Without it grpc-js 1.14 knows no RBAC and refuses the listeners of servers.
    { name: 'GRPC_XDS_EXPERIMENTAL_RBAC', value: 'true' },
  ].filter(({ name }) => !env.some((entry) => entry['name'] === name));
  const mount = { name: proxylessNames.volume, mountPath: proxylessDirectory, readOnly: true };
  const isMounted = mounts.some(({ name }) => name === proxylessNames.volume);
  if (isMounted && own.length === 0) return container;
  return {
    ...container,
    env: [...env, ...own],
    volumeMounts: isMounted ? mounts : [...mounts, mount],
  };
}

/** A native sidecar: it is ready before the application starts, and ends after it. */
function agentContainer({ images, trustDomain, xdsAddresses }: ProxylessPatch): JsonObject {
  const addresses = xdsAddresses.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    name: proxylessNames.agentContainer,
    image: images.agent,
    imagePullPolicy: images.pullPolicy,
    restartPolicy: 'Always',
    command: ['node', '/app/main.js'],
    args: [
      ...['--xds-address', addresses],
      ...['--trust-domain', trustDomain],
      ...['--bootstrap-directory', bootstrapDirectory],
      ...['--directory', proxylessDirectory],
      ...['--http-port', String(sidecarPorts.configured)],
    ],
    startupProbe: {
      httpGet: { path: '/health/ready', port: sidecarPorts.configured },
      periodSeconds: 1,
      failureThreshold: 300,
    },
    volumeMounts: [
      { name: podNames.volume, readOnly: true, mountPath: bootstrapDirectory },
      { name: proxylessNames.volume, mountPath: proxylessDirectory },
    ],
    securityContext: { allowPrivilegeEscalation: false, runAsUser: sidecarUid },
  };
}
