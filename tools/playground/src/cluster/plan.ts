import type { Workload } from './desired.ts';

/** What the plan needs to know of a pod that exists and is not on its way out. */
export interface PlannedPod {
  readonly name: string;
  readonly hash: string;
  readonly ready: boolean;
  /** Grows with every pod. */
  readonly number: number;
}

export interface WorkloadPlan {
  /** How many pods to start. */
  readonly start: number;
  /** Names of the pods to stop. */
  readonly stop: readonly string[];
}

/**
 * The next step from the pods that a workload has to the pods it wants, as a deployment controller does it: new pods come
 * first, an old one goes for each new one that is ready, and with `recreate` all old ones go before new ones come.
 */
export function planWorkload(
  workload: Workload | undefined,
  pods: readonly PlannedPod[],
): WorkloadPlan {
  if (workload === undefined) return { start: 0, stop: pods.map((pod) => pod.name) };
  const current = pods.filter((pod) => pod.hash === workload.hash);
  const old = pods.filter((pod) => pod.hash !== workload.hash);
  // Of too many, those that are not ready go first, and then the youngest.
  const surplus = [...current]
    .sort((a, b) => Number(a.ready) - Number(b.ready) || b.number - a.number)
    .slice(0, Math.max(0, current.length - workload.replicas));
  const kept = current.filter((pod) => !surplus.includes(pod));
  if (workload.recreate && old.length > 0) {
    return { start: 0, stop: [...old, ...surplus].map((pod) => pod.name) };
  }
  const readyNew = kept.filter((pod) => pod.ready).length;
  const oldWanted = Math.max(0, workload.replicas - readyNew);
  const retired = [...old]
    .sort((a, b) => Number(a.ready) - Number(b.ready) || a.number - b.number)
    .slice(0, Math.max(0, old.length - oldWanted));
  return {
    start: Math.max(0, workload.replicas - kept.length),
    stop: [...surplus, ...retired].map((pod) => pod.name),
  };
}
