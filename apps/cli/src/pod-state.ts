import type { KubernetesObject } from '@osm/kubernetes';

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode: number };
  };
}

interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
  }[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

/** What a person wants to know of a pod that he waits for. */
export type PodState =
  | { readonly kind: 'ready' | 'done' | 'creating' }
  /** Nothing is wrong yet. */
  | { readonly kind: 'starting'; readonly text: string }
  | { readonly kind: 'troubled'; readonly text: string }
  /** Its log tells why; `previous`: that of the run before this one. */
  | {
      readonly kind: 'crashed';
      readonly text: string;
      readonly container: string;
      readonly previous: boolean;
    };

/** Reads a pod's status. */
export function stateOfPod(pod: KubernetesObject): PodState {
  const status = (pod['status'] ?? {}) as PodStatus;
  if (status.phase === 'Succeeded') return { kind: 'done' };
  const conditions = status.conditions ?? [];
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  // A Job's pod says Ready for a moment between its containers' end and its own.
  if (all.length > 0 && all.every(({ state }) => state?.terminated?.exitCode === 0)) {
    return { kind: 'done' };
  }
  if (conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')) {
    return { kind: 'ready' };
  }
  const unscheduled = conditions.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (unscheduled !== undefined) {
    return { kind: 'troubled', text: `not scheduled: ${unscheduled.message ?? 'no reason given'}` };
  }
  for (const container of all) {
    const trouble = troubleOf(container);
    if (trouble !== undefined) return trouble;
  }
  if (status.phase === 'Failed') {
    const why = [status.reason, status.message].filter((text) => text !== undefined).join(': ');
    return { kind: 'troubled', text: `failed${why === '' ? '' : `: ${why}`}` };
  }
  const unready = all.filter(({ ready }) => !ready).map(({ name }) => name);
  if (status.phase === 'Running') {
    return { kind: 'starting', text: `runs, not ready yet: ${unready.join(', ')}` };
  }
  return { kind: 'creating' };
}

function troubleOf({ name, state, restartCount = 0 }: ContainerStatus): PodState | undefined {
  const { waiting, terminated } = state ?? {};
  if (waiting !== undefined) {
    const { reason = 'waiting', message } = waiting;
    if (['PodInitializing', 'ContainerCreating'].includes(reason)) return undefined;
    if (reason === 'CrashLoopBackOff') {
      const text = `${name}: ${reason}, ${restartCount} restarts`;
      return { kind: 'crashed', text, container: name, previous: true };
    }
    return {
      kind: 'troubled',
      text: `${name}: ${reason}${message === undefined ? '' : `: ${message}`}`,
    };
  }
  if (terminated !== undefined && terminated.exitCode !== 0) {
    const { reason = 'ended', exitCode } = terminated;
    const times = restartCount > 0 ? `, ${restartCount} restarts` : '';
    const text = `${name}: ${reason}, exit status ${exitCode}${times}`;
    return { kind: 'crashed', text, container: name, previous: false };
  }
  return undefined;
}

/** A state in words. */
export function describePodState(state: PodState): string {
  switch (state.kind) {
    case 'ready':
    case 'done':
      return state.kind;
    case 'creating':
      return 'is being created';
    default:
      return state.text;
  }
}
