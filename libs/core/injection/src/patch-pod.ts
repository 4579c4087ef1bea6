import type { Identity, MeshSettings } from '@osm/model';
import { annotations } from './annotations.ts';
import {
  emitEnvoyContainer,
  emitHealthcheckContainer,
  emitInitContainer,
  type SidecarImages,
} from './containers.ts';
import { isNativeSidecar, waitingToEnd, type SidecarForm, type Termination } from './form.ts';
import type { PodInterception } from './interception.ts';
import type { Json, JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import type { RewrittenProbes } from './probes.ts';
import { bootstrapSecretName, podNames, sidecarPorts } from './sidecar.ts';

/** All that is known about a pod that gets a sidecar. */
export interface PodPatch {
  readonly pod: AdmittedPod;
  readonly proxyUuid: string;
  readonly identity: Identity;
  readonly settings: MeshSettings;
  readonly probes: RewrittenProbes;
  readonly interception: PodInterception;
  readonly images: SidecarImages;
  readonly form: SidecarForm;
  readonly termination: Termination;
  /** Adds Prometheus' annotations. */
  readonly scrape: boolean;
}

/** The pod with its sidecar. */
export function patchPod(patch: PodPatch): JsonObject {
  const { pod, proxyUuid } = patch;
  const metadata: Record<string, Json> = {
    ...pod.metadata,
    labels: { ...pod.labels, [podNames.uuidLabel]: proxyUuid },
  };
  if (patch.scrape) metadata['annotations'] = { ...pod.annotations, ...scrapeAnnotations };
  return {
    ...pod.document,
    metadata,
    spec: {
      ...pod.spec,
      volumes: [...pod.volumes, bootstrapVolume(proxyUuid)],
      ...containers(patch),
    },
  };
}

/**
 * Init containers of the user run before the redirection, with plain network, as OSM had it. In the native form the proxy comes
 * directly after them and before native sidecars of the user: their probes go through the proxy, and the kubelet does not start what follows
 * a sidecar before its startup probe has succeeded.
 */
function containers(patch: PodPatch): {
  readonly initContainers: readonly JsonObject[];
  readonly containers: readonly JsonObject[];
} {
  const { form, images, settings, interception, probes, termination } = patch;
  const grpcProbePorts = probes.forwarded.grpc.map(({ proxyPort }) => proxyPort);
  const init = emitInitContainer({
    image: images.init,
    images,
    settings,
    interception,
    grpcProbePorts,
  });
  const health = probes.needsTcpHealth ? [emitHealthcheckContainer(images)] : [];
  const envoy = emitEnvoyContainer({
    image: images.envoy,
    settings,
    identity: patch.identity,
    probeTypes: probes.types,
  });
  const applications = probes.containers.map((container) =>
    waitingToEnd(container, termination.applicationSeconds),
  );
  if (form === 'classic') {
    const proxy = waitingToEnd(envoy, termination.classicProxySeconds);
    return {
      initContainers: [...probes.initContainers, init],
      containers: [...applications, ...health, proxy],
    };
  }
  const own = [init, ...[...health, envoy].map(asNativeSidecar)];
  const first = probes.initContainers.findIndex(isNativeSidecar);
  const at = first === -1 ? probes.initContainers.length : first;
  return {
    initContainers: [
      ...probes.initContainers.slice(0, at),
      ...own,
      ...probes.initContainers.slice(at),
    ],
    containers: applications,
  };
}

function asNativeSidecar(container: JsonObject): JsonObject {
  return { ...container, restartPolicy: 'Always' };
}

const scrapeAnnotations: JsonObject = {
  [annotations.scrape]: 'true',
  [annotations.scrapePort]: String(sidecarPorts.metrics),
  [annotations.scrapePath]: '/stats/prometheus',
};

function bootstrapVolume(proxyUuid: string): JsonObject {
  return { name: podNames.volume, secret: { secretName: bootstrapSecretName(proxyUuid) } };
}
