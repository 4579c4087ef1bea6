import type { Identity, MeshSettings, Namespace } from '@osm/model';
import { annotations, parseProxylessWish } from './annotations.ts';
import { emitBootstrap, type XdsAddress } from './bootstrap.ts';
import type { SidecarImages } from './containers.ts';
import { decideInjection } from './decision.ts';
import { chooseForm, terminationOf, type ClusterAbilities } from './form.ts';
import {
  keepWhatFits,
  mountedBootstrap,
  renewCopiedPod,
  withoutSidecar,
  type MountedBootstrap,
} from './injected-pod.ts';
import { podInterception } from './interception.ts';
import { patchPod } from './patch-pod.ts';
import { podWarnings } from './pod-warnings.ts';
import type { JsonObject } from './json.ts';
import { parsePod, type AdmittedPod } from './pod.ts';
import { emitGrpcBootstrap, patchProxylessPod, takenByProxylessPod } from './proxyless-pod.ts';
import {
  noForwarding,
  rewriteProbes,
  type ProbeForwarding,
  type RewrittenProbes,
} from './probes.ts';
import { podNames } from './sidecar.ts';

/** A pod at admission, and what is known around it. */
export interface InjectionRequest {
  /** The Pod as it came with the admission request. */
  readonly pod: unknown;
  /** Of the request: a Pod at admission may not name its own. */
  readonly namespaceName: string;
  /** As the catalog has it; undefined = it does not belong to the mesh. */
  readonly namespace: Namespace | undefined;
  readonly meshNamespace: string;
  readonly settings: MeshSettings;
  /** New for every request. */
  readonly proxyUuid: string;
  readonly images: SidecarImages;
  readonly abilities: ClusterAbilities;
  readonly xdsAddresses: readonly XdsAddress[];
}

/** The pod gets a sidecar, or what its own gRPC needs. */
export interface Injected {
  readonly kind: 'inject';
  /** The patched Pod. */
  readonly pod: JsonObject;
  /** For its bootstrap Secret, with a certificate for this proxy of this identity. */
  readonly bootstrap: JsonObject;
  /** For its bootstrap Secret. */
  readonly probes: ProbeForwarding;
  readonly identity: Identity;
  /** What will surprise the person who created the pod. */
  readonly warnings: readonly string[];
}

/** A pod that comes with a sidecar: a copy of an injected pod, or the same pod once more. Its bootstrap Secret tells which. */
export interface AlreadyInjected extends MountedBootstrap {
  readonly kind: 'injected';
  readonly identity: Identity;
  /** The Pod as a copy; its bootstrap is made from this Secret's by `copyBootstrap`. */
  readonly copy: JsonObject;
}

/** The pod must not be created as it is. */
export interface Denied {
  readonly kind: 'deny';
  readonly message: string;
}

/** What becomes of a pod. */
export type InjectionResult =
  Injected | AlreadyInjected | { readonly kind: 'skip'; readonly reason: string } | Denied;

/** Decides about a pod and adds the sidecar, or what its own gRPC needs. The same request gives the same result; the input stays as it is. */
export function injectPod(request: InjectionRequest): InjectionResult {
  const parsed = parsePod(request.pod);
  if (parsed.kind === 'error') return deny(parsed.error);
  const pod = parsed.value;
  const decision = decideInjection({ ...request, pod });
  if (decision.kind !== 'inject') return decision;
  const mounted = mountedBootstrap(pod);
  if (mounted === undefined) return addSidecar(request, pod, noForwarding);
  return {
    kind: 'injected',
    ...mounted,
    identity: identityOf(request, pod),
    copy: renewCopiedPod(pod, request.proxyUuid),
  };
}

/**
 * Once more for a pod that has its sidecar, of which `proxyUuid` is the UUID: others have changed it since, or nobody has. `known` is what
 * its bootstrap Secret says of probes. Without changes the pod that comes out is the one that went in.
 */
export function injectAgain(request: InjectionRequest, known: ProbeForwarding): Injected | Denied {
  const parsed = parsePod(request.pod);
  if (parsed.kind === 'error') return deny(parsed.error);
  const result = addSidecar(request, withoutSidecar(parsed.value), known);
  if (result.kind === 'deny') return result;
  return { ...result, pod: keepWhatFits(parsed.value, result.pod) };
}

function identityOf({ namespaceName }: InjectionRequest, pod: AdmittedPod): Identity {
  return { namespace: namespaceName, serviceAccount: pod.serviceAccount };
}

function addSidecar(
  request: InjectionRequest,
  pod: AdmittedPod,
  known: ProbeForwarding,
): Injected | Denied {
  const identity = identityOf(request, pod);
  const proxyless = parseProxylessWish(pod.annotations);
  if (proxyless.kind === 'error') return deny(`pod: ${proxyless.error}`);
  if (proxyless.value) return injectAgent(request, pod, identity);
  const interception = podInterception(request.settings.interception, pod.annotations);
  if (interception.kind === 'error') return deny(`pod: ${interception.error}`);
  const { settings, proxyUuid } = request;
  const form = chooseForm(request.abilities, settings.sidecar);
  const probes = rewriteProbes(pod, form, known);
  const images = chooseImages(request, probes);
  if (images.kind === 'deny') return images;
  const taken = takenName(pod, probes);
  if (taken !== undefined) return deny(taken);
  return {
    kind: 'inject',
    identity,
    pod: patchPod({
      pod,
      proxyUuid,
      identity,
      settings,
      probes,
      interception: interception.value,
      images: images.images,
      form,
      termination: terminationOf(pod, request.abilities, settings.sidecar),
      scrape: request.namespace?.metrics === true,
    }),
    bootstrap: emitBootstrap({
      proxyUuid,
      identity,
      trustDomain: settings.trustDomain,
      xdsAddresses: request.xdsAddresses,
      sidecar: settings.sidecar,
      probes: probes.forwarded,
    }),
    probes: probes.forwarded,
    warnings: podWarnings(pod, form),
  };
}

/** No proxy: the pod's gRPC is told where it finds the mesh. */
function injectAgent(
  { proxyUuid, images, settings, xdsAddresses }: InjectionRequest,
  pod: AdmittedPod,
  identity: Identity,
): Injected | Denied {
  const taken = takenByProxylessPod(pod);
  if (taken !== undefined) return deny(taken);
  const { trustDomain } = settings;
  return {
    kind: 'inject',
    identity,
    pod: patchProxylessPod({ pod, proxyUuid, images, trustDomain, xdsAddresses }),
    bootstrap: emitGrpcBootstrap(proxyUuid, identity),
    probes: noForwarding,
    warnings: [],
  };
}

/** MeshConfig's images win over the injector's own. */
function chooseImages(
  { settings, images }: InjectionRequest,
  probes: RewrittenProbes,
):
  | { readonly kind: 'images'; readonly images: SidecarImages }
  | { readonly kind: 'deny'; readonly message: string } {
  const chosen = {
    ...images,
    envoy: settings.sidecar?.envoyImage || images.envoy,
    init: settings.sidecar?.initContainerImage || images.init,
  };
  if (chosen.envoy === '') return deny(imageMissing('envoyImage', '--default-envoy-image'));
  if (chosen.init === '')
    return deny(imageMissing('initContainerImage', '--default-init-container-image'));
  if (probes.needsTcpHealth && chosen.healthcheck === '')
    return deny(
      'the pod has TCP probes, and the injector knows no image to answer them: set its flag --default-healthcheck-container-image',
    );
  return { kind: 'images', images: chosen };
}

function imageMissing(field: string, flag: string): string {
  return `MeshConfig sidecar.${field} not set: set it, or the injector's flag ${flag}`;
}

/** Container and volume names are unique in a pod: tells which one the sidecar needs for itself. */
function takenName(pod: AdmittedPod, probes: RewrittenProbes): string | undefined {
  const names = [...pod.containers, ...pod.initContainers].map((container) => container['name']);
  const wanted = [
    podNames.initContainer,
    podNames.envoyContainer,
    ...(probes.needsTcpHealth ? [podNames.healthcheckContainer] : []),
  ];
  const container = wanted.find((name) => names.includes(name));
  if (container !== undefined)
    return `a container of the pod is named "${container}", the name of one of the sidecar's: rename it, or set the annotation ${annotations.injection} to disabled`;
  if (pod.volumes.some((volume) => volume['name'] === podNames.volume))
    return `a volume of the pod is named ${podNames.volume}, which the sidecar needs for itself: rename it`;
  return undefined;
}

function deny(message: string): Denied {
  return { kind: 'deny', message };
}
