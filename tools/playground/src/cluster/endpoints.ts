import { sortedBy } from '@osm/prelude';
import type { JsonObject } from './json.ts';
import type { ServiceRule } from '../network/service-rules.ts';
import type { ServicePort, ServiceSpec } from './service-spec.ts';

/** What endpoints need to know of a pod. */
export interface EndpointPod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly ready: boolean;
  readonly namedPorts: ReadonlyMap<string, number>;
}

/** The pods that stand behind a service now, sorted by name. */
export function backingPods(service: ServiceSpec, pods: readonly EndpointPod[]): EndpointPod[] {
  if (service.selector.size === 0) return [];
  const selected = pods.filter(
    (pod) =>
      pod.namespace === service.namespace &&
      (pod.ready || service.publishNotReady) &&
      [...service.selector].every(([key, value]) => pod.labels.get(key) === value),
  );
  return sortedBy(selected, (pod) => pod.name);
}

/** The service's address and ports with the pods they lead to, for `serviceRules`. Nothing for a headless service. */
export function rulesOfService(
  service: ServiceSpec,
  address: string,
  pods: readonly EndpointPod[],
): ServiceRule[] {
  const backing = backingPods(service, pods);
  return service.ports.map((port) => ({
    address,
    protocol: port.protocol,
    port: port.port,
    endpoints: backing.flatMap((pod) => {
      const target = targetPort(port, pod);
      return target === undefined ? [] : [{ ip: pod.ip, port: target }];
    }),
  }));
}

/**
 * The EndpointSlices of a service (discovery.k8s.io/v1). Pods that resolve a named target port to different numbers are in
 * different slices, as in Kubernetes.
 */
export function endpointSlices(service: ServiceSpec, pods: readonly EndpointPod[]): JsonObject[] {
  if (service.kind === 'ExternalName' || service.selector.size === 0) return [];
  const groups = new Map<
    string,
    { readonly ports: readonly JsonObject[]; readonly pods: EndpointPod[] }
  >();
  for (const pod of backingPods(service, pods)) {
    const ports = service.ports.flatMap((port) => {
      const target = targetPort(port, pod);
      return target === undefined
        ? []
        : [{ name: port.name, port: target, protocol: port.protocol.toUpperCase() }];
    });
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, pods: [] as EndpointPod[] };
    group.pods.push(pod);
    groups.set(key, group);
  }
  const sorted = sortedBy(groups, ([key]) => key).map(([, group]) => group);
  return sorted.map((group, i) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: i === 0 ? service.name : `${service.name}-${i}`,
      namespace: service.namespace,
      labels: { 'kubernetes.io/service-name': service.name },
    },
    addressType: 'IPv4',
    ports: group.ports,
    endpoints: group.pods.map((pod) => ({
      addresses: [pod.ip],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: pod.namespace, name: pod.name },
    })),
  }));
}

function targetPort(port: ServicePort, pod: EndpointPod): number | undefined {
  return typeof port.target === 'number' ? port.target : pod.namedPorts.get(port.target);
}
