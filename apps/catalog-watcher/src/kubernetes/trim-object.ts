import { resourceTypes, type KubernetesObject, type ResourceType } from '@osm/kubernetes';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What the mesh reads of an object, as soon as it has arrived: what was told last stays in memory until something else is told. Who owns
 * which field is half of an object, and most of a pod is none of the mesh's business.
 */
export function trimObject(type: ResourceType, object: KubernetesObject): KubernetesObject {
  const annotations = Object.fromEntries(
    Object.entries(object.metadata.annotations ?? {}).filter(([name]) => name !== lastApplied),
  );
  const slim = {
    ...object,
    metadata: { ...object.metadata, managedFields: undefined, annotations },
  };
  return type === resourceTypes.pod ? trimPod(slim) : slim;
}

interface PodParts {
  readonly spec?: {
    readonly serviceAccountName?: unknown;
    readonly serviceAccount?: unknown;
    readonly containers?: unknown;
    readonly initContainers?: unknown;
  };
  readonly status?: { readonly phase?: unknown; readonly podIP?: unknown };
}

function trimPod({ apiVersion, kind, metadata, ...rest }: KubernetesObject): KubernetesObject {
  const { spec, status } = rest as PodParts;
  const { serviceAccountName, serviceAccount, containers, initContainers } = spec ?? {};
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata,
    spec: {
      serviceAccountName,
      serviceAccount,
      containers: trimContainers(containers),
      initContainers: trimContainers(initContainers),
    },
    status: { phase: status?.phase, podIP: status?.podIP },
  };
}

function trimContainers(containers: unknown): unknown {
  if (!Array.isArray(containers)) return containers;
  return (
    containers as readonly { readonly restartPolicy?: unknown; readonly ports?: unknown }[]
  ).map(({ restartPolicy, ports }) => ({ restartPolicy, ports }));
}
