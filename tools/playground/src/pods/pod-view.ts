import type { JsonObject } from '../cluster/json.ts';
import type { PodIdentity } from './pod-identity.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Terminating';

/** A pod as it is at one moment: for the cluster state, for `pods`, for tests. */
export interface PodView extends PodIdentity {
  readonly phase: PodPhase;
  readonly ready: boolean;
  /** Why it is not ready, for people; empty when it is. */
  readonly reason: string;
  /** It runs an Envoy sidecar. */
  readonly isMeshed: boolean;
  readonly namedPorts: ReadonlyMap<string, number>;
  /** `spec.hostname` and `spec.subdomain`; empty without. */
  readonly hostname: string;
  readonly subdomain: string;
  readonly containers: readonly ContainerView[];
  /** The Pod after admission, without status; undefined before admission. */
  readonly body: JsonObject | undefined;
}

export interface ContainerView {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'exited';
  readonly detail: string;
  readonly restarts: number;
  readonly logPath: string;
}

/** The Pod as the catalog-watcher reads it: the admitted object with the status a kubelet would report. */
export function podObject(view: PodView): JsonObject | undefined {
  if (view.body === undefined) return undefined;
  return {
    ...view.body,
    status: {
      // The catalog has all pods that have not finished: one that ends still holds its stream.
      phase: view.phase === 'Terminating' ? 'Running' : view.phase,
      podIP: view.ip,
      podIPs: [{ ip: view.ip }],
      conditions: [{ type: 'Ready', status: view.ready ? 'True' : 'False' }],
    },
  };
}
