import {
  followResource,
  listObjects,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { systemClock } from '@osm/runtime';
import type { Terminal } from './terminal.ts';

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode: number };
  };
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

/** Tells, until the signal, what becomes of the pods of a namespace: a line for each change a person can see. */
export async function tellProgress(
  server: ApiServer,
  namespace: string,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<void> {
  const random = { next: Math.random };
  const follower = followResource(server, resourceTypes.pod, {
    namespace,
    signal,
    clock: systemClock,
    random,
  });
  const told = new Map<string, string>();
  for await (const { events } of follower.batches()) {
    for (const event of events) {
      if (event.kind === 'delete') continue;
      const { name } = event.object.metadata;
      const state = describePod(event.object);
      if (told.get(name) !== state) terminal.note(`  ${name}: ${state}`);
      told.set(name, state);
    }
  }
}

/** The pods of the mesh that are not ready, each with the reason; for the error of an installation. */
export async function unreadyPods(
  server: ApiServer,
  namespace: string,
): Promise<readonly string[]> {
  const selection = { namespace, labelSelector: 'app.kubernetes.io/name=openservicemesh.io' };
  const { objects } = await listObjects(server, resourceTypes.pod, selection);
  return objects
    .filter((pod) => !['ready', 'done'].includes(describePod(pod)))
    .map((pod) => `${pod.metadata.name}: ${describePod(pod)}`);
}

/** `ready`, `done`, or what it waits for. */
export function describePod(pod: KubernetesObject): string {
  const status = (pod['status'] ?? {}) as PodStatus;
  if (status.phase === 'Succeeded') return 'done';
  const conditions = status.conditions ?? [];
  if (conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return 'ready';
  const unscheduled = conditions.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (unscheduled !== undefined)
    return `not scheduled: ${unscheduled.message ?? 'no reason given'}`;
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const { name, state } of all) {
    if (state?.waiting !== undefined && state.waiting.reason !== 'PodInitializing') {
      const { reason = 'waiting', message } = state.waiting;
      const ordinary = reason === 'ContainerCreating';
      return ordinary
        ? 'is being created'
        : `${name}: ${reason}${message === undefined ? '' : `: ${message}`}`;
    }
    if (state?.terminated !== undefined && state.terminated.exitCode !== 0) {
      const { reason = 'ended', exitCode } = state.terminated;
      return `${name}: ${reason}, exit status ${exitCode}`;
    }
  }
  const unready = all.filter(({ ready }) => !ready).map(({ name }) => name);
  if (status.phase === 'Running') return `runs, not ready yet: ${unready.join(', ')}`;
  return 'is being created';
}
