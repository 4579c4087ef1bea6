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
  /** The pod's own name under a headless service, and that service's name; empty without. */
  readonly hostname: string;
  readonly subdomain: string;
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

/** What the name of a headless service leads to, and the names of its pods. */
export function headlessNames(
  service: ServiceSpec,
  pods: readonly EndpointPod[],
): { readonly addresses: string[]; readonly hosts: { name: string; address: string }[] } {
  const backing = backingPods(service, pods);
  const hosts = backing.flatMap((pod) => {
    const name = hostnameOf(service, pod);
    return name === '' ? [] : [{ name, address: pod.ip }];
  });
  return { addresses: backing.map((pod) => pod.ip), hosts };
}

function hostnameOf(service: ServiceSpec, pod: EndpointPod): string {
  return service.kind === 'Headless' && pod.subdomain === service.name ? pod.hostname : '';
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
      ...(hostnameOf(service, pod) === '' ? {} : { hostname: hostnameOf(service, pod) }),
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: pod.namespace, name: pod.name },
    })),
  }));
}

function targetPort(port: ServicePort, pod: EndpointPod): number | undefined {
  return typeof port.target === 'number' ? port.target : pod.namedPorts.get(port.target);
}
