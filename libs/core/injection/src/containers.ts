import type { Identity, MeshSettings } from '@osm/model';
import { serviceCluster } from './bootstrap.ts';
import { emitInitScript } from './init-rules.ts';
import type { PodInterception } from './interception.ts';
import { asObject, type Json, type JsonObject } from './json.ts';
import type { ProbeType } from './probes.ts';
import {
  bootstrapDirectory,
  bootstrapFiles,
  configuredPath,
  podNames,
  sidecarPorts,
  sidecarUid,
} from './sidecar.ts';

/** Images for what MeshConfig leaves empty, and the healthcheck's. Empty = not set. */
export interface SidecarImages {
  readonly envoy: string;
  readonly init: string;
  readonly healthcheck: string;
  /** Of pods without a proxy whose gRPC speaks xDS itself. */
  readonly agent: string;
  /** Of init, healthcheck and agent; the proxy's is IfNotPresent as in OSM. */
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
}

/**
 * Seconds that a changed or removed listener keeps its open connections: the longest time that a TCP connection outlives the
 * policy that allowed it. Envoy's own value is ten minutes.
 */
const drainSeconds = 30;

/** What the pod security standard `restricted` asks of a container. */
const restricted: JsonObject = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** A native sidecar holds what comes after it until this succeeds; in the classic form the pod is not ready before. */
const configuredProbe: JsonObject = {
  httpGet: { path: configuredPath, port: sidecarPorts.configured },
  // Nobody is ready at once: the first question would be a warning about every pod.
  initialDelaySeconds: 1,
  periodSeconds: 1,
  // A new start does not help: the proxy waits for the mesh. It is there for whatever nobody thought of.
  failureThreshold: 600,
};

/** The container that redirects the pod's traffic, then ends. */
export function emitInitContainer(options: {
  readonly image: string;
  readonly images: SidecarImages;
  readonly settings: MeshSettings;
  readonly interception: PodInterception;
  readonly grpcProbePorts: readonly number[];
}): JsonObject {
  const { interception, grpcProbePorts } = options;
  const { sidecar } = options.settings;
  const localProxyMode = sidecar?.localProxyMode === 'PodIP' ? 'PodIP' : 'Localhost';
  return {
    name: podNames.initContainer,
    image: options.image,
    imagePullPolicy: options.images.pullPolicy,
    command: ['/bin/sh'],
    args: ['-c', emitInitScript({ interception, localProxyMode, grpcProbePorts })],
    env: [fieldEnv('POD_IP', 'status.podIP')],
    securityContext: {
      privileged: sidecar?.privilegedInitContainer ?? false,
      capabilities: { add: ['NET_ADMIN'] },
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
}

/** The proxy: as OSM, with the flags that a bootstrap file cannot carry. */
export function emitEnvoyContainer(options: {
  readonly image: string;
  readonly settings: MeshSettings;
  readonly identity: Identity;
  readonly probeTypes: readonly ProbeType[];
}): JsonObject {
  const { sidecar } = options.settings;
  const resources = parseResources(sidecar?.resourcesJson ?? '');
  return {
    name: podNames.envoyContainer,
    image: options.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['envoy'],
    args: [
      ...['--log-level', sidecar?.logLevel || 'error'],
      ...['--config-path', `${bootstrapDirectory}/${bootstrapFiles.bootstrap}`],
      ...['--service-cluster', serviceCluster(options.identity)],
      ...['--drain-time-s', String(drainSeconds)],
      ...['--drain-strategy', 'immediate'],
      // Hot restart shares memory by number: two proxies of different users on one machine would collide.
      '--disable-hot-restart',
    ],
    ports: [
      { name: 'proxy-admin', containerPort: sidecarPorts.admin },
      { name: 'proxy-inbound', containerPort: sidecarPorts.inbound },
      { name: 'proxy-metrics', containerPort: sidecarPorts.metrics },
      ...options.probeTypes.map((type) => ({
        name: `${type}-port`,
        containerPort: sidecarPorts[type],
      })),
    ],
    env: [
      fieldEnv('POD_UID', 'metadata.uid'),
      fieldEnv('POD_NAME', 'metadata.name'),
      fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
      fieldEnv('POD_IP', 'status.podIP'),
      fieldEnv('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    ],
    volumeMounts: [{ name: podNames.volume, readOnly: true, mountPath: bootstrapDirectory }],
    startupProbe: configuredProbe,
    securityContext: { ...restricted, runAsUser: sidecarUid },
    ...(resources === undefined ? {} : { resources }),
  };
}

/** Not the proxy's: its connections to the application are not redirected as long as it is another. */
const healthcheckUid = 65_532;

/** Turns HTTP probes into TCP connections to the application. */
export function emitHealthcheckContainer(images: SidecarImages): JsonObject {
  return {
    name: podNames.healthcheckContainer,
    image: images.healthcheck,
    imagePullPolicy: images.pullPolicy,
    command: ['/osm-healthcheck'],
    args: ['--verbosity', 'info'],
    ports: [{ containerPort: sidecarPorts.tcpHealth }],
    securityContext: { ...restricted, runAsUser: healthcheckUid },
  };
}

function fieldEnv(name: string, fieldPath: string): JsonObject {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** ResourceRequirements of MeshConfig; what cannot be read is as good as unset (the catalog-watcher reports it). */
function parseResources(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}
