import { kubectlJson } from './kubectl.ts';
import { until } from './waiting.ts';

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: Readonly<Record<string, { readonly reason?: string } | undefined>>;
}

/** The pods of a namespace that are not about to end, by name; with a label `app`, or all. */
export async function podsOf(namespace: string, app?: string): Promise<readonly Pod[]> {
  const label = app === undefined ? [] : ['-l', `app=${app}`];
  const list = await kubectlJson<{ items: readonly Pod[] }>(
    ...['get', 'pods', '-n', namespace, ...label],
  );
  return list.items
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

export function isReady(pod: Pod): boolean {
  return (
    pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
    false
  );
}

/** Does the mesh's sidecar stand beside it, native or classic? */
export function hasSidecar({ spec }: Pod): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => name === 'envoy');
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly replicas?: number;
  };
}

const readyMsMax = 90_000;

/** Waits until every Deployment and StatefulSet of the namespaces has all its pods, new and ready. */
export async function allReady(...namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    await until(`pods of ${namespace} are ready`, readyMsMax, async () => {
      const list = await kubectlJson<{ items: readonly Workload[] }>(
        ...['get', 'deployments,statefulsets', '-n', namespace],
      );
      const missing = list.items.filter((workload) => !isComplete(workload));
      if (missing.length === 0) return undefined;
      return `${missing.map(({ metadata }) => metadata.name).join(', ')}: ${await reasons(namespace)}`;
    });
  }
}

function isComplete({ metadata, spec, status }: Workload): boolean {
  return (
    status.observedGeneration === metadata.generation &&
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.readyReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas
  );
}

/** What keeps pods from being ready, and the last warnings of the namespace, such as a refused pod. */
async function reasons(namespace: string): Promise<string> {
  const pods = (await podsOf(namespace)).filter((pod) => !isReady(pod));
  const states = pods.map(({ metadata, status }) => {
    const waiting = status.containerStatuses?.flatMap(({ name, ready, state }) =>
      ready ? [] : [`${name} ${state['waiting']?.reason ?? 'not ready'}`],
    );
    return `${metadata.name}: ${waiting?.join(', ') ?? status.phase}`;
  });
  const { items } = await kubectlJson<{ items: readonly { readonly message: string }[] }>(
    ...['get', 'events', '-n', namespace, '--field-selector', 'type=Warning'],
  );
  return [...states, ...items.slice(-3).map(({ message }) => message.slice(0, 300))].join('; ');
}
