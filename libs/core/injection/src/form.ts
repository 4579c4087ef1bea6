import type { Sidecar } from '@osm/model';
import { asObject, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';

/** What the cluster can do that not every cluster can. */
export interface ClusterAbilities {
  /** Init containers with `restartPolicy: Always` (Kubernetes 1.29). */
  readonly nativeSidecars: boolean;
  /** The action `sleep` of lifecycle hooks, which needs no shell in the image (Kubernetes 1.30). */
  readonly sleepAction: boolean;
}

/** No API server is asked: the oldest form. */
export const noAbilities: ClusterAbilities = { nativeSidecars: false, sleepAction: false };

/** The abilities of an API server by its `/version`. What cannot be read has none. */
export function abilitiesOf(version: unknown): ClusterAbilities {
  const answer = asObject(version);
  const major = leadingNumber(answer?.['major']);
  const minor = leadingNumber(answer?.['minor']);
  const isAtLeast = (wanted: number): boolean => major > 1 || (major === 1 && minor >= wanted);
  return { nativeSidecars: isAtLeast(29), sleepAction: isAtLeast(30) };
}

/** Providers write `29+`. */
function leadingNumber(value: Json | undefined): number {
  return Number(/^\d+/.exec(String(value))?.[0] ?? 0);
}

/** How the sidecar stands in the pod: as an init container that goes on, or as a container as OSM's. */
export type SidecarForm = 'native' | 'classic';

/** Native where the cluster can, unless MeshConfig wants the classic form. */
export function chooseForm(abilities: ClusterAbilities, sidecar: Sidecar | undefined): SidecarForm {
  return abilities.nativeSidecars && sidecar?.containerForm !== 'Classic' ? 'native' : 'classic';
}

/** A native sidecar among init containers. */
export function isNativeSidecar(container: JsonObject): boolean {
  return container['restartPolicy'] === 'Always';
}

/** For how long containers of a pod that is being deleted wait before they are told to end. */
export interface Termination {
  /** The application's containers; 0 = they do not wait. */
  readonly applicationSeconds: number;
  /** A proxy that is an ordinary container: it is told to end together with the application, and must outlive it. */
  readonly classicProxySeconds: number;
}

/** What an application has to end in, in the classic form, before its proxy ends. */
const endSeconds = 5;
/** Kubernetes' own default. */
const gracePeriodSeconds = 30;

/**
 * Clients hear within a second that a pod ends, but many programs end the moment they are told to. What waits takes from the pod's grace
 * period: never more than half of it. Pods that end by themselves (Jobs) do not wait.
 */
export function terminationOf(
  pod: AdmittedPod,
  abilities: ClusterAbilities,
  sidecar: Sidecar | undefined,
): Termination {
  if (!abilities.sleepAction) return { applicationSeconds: 0, classicProxySeconds: 0 };
  const given = pod.spec['terminationGracePeriodSeconds'];
  const half = Math.floor((typeof given === 'number' ? given : gracePeriodSeconds) / 2);
  const restarts = (pod.spec['restartPolicy'] ?? 'Always') === 'Always';
  const wanted = restarts ? Math.ceil((sidecar?.terminationDelayMs ?? 0) / 1000) : 0;
  const applicationSeconds = Math.min(wanted, half);
  return {
    applicationSeconds,
    classicProxySeconds: Math.min(applicationSeconds + endSeconds, half),
  };
}

/** A container that waits when its pod is deleted, unless it has something of its own to do then. */
export function waitingToEnd(container: JsonObject, seconds: number): JsonObject {
  const lifecycle = asObject(container['lifecycle']);
  if (seconds <= 0 || asObject(lifecycle?.['preStop']) !== undefined) return container;
  return { ...container, lifecycle: { ...lifecycle, preStop: { sleep: { seconds } } } };
}
