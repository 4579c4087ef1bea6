import {
  servicePort,
  targetPort,
  type MeshPlan,
  type PodPlan,
  type ServicePlan,
  type SplitPlan,
} from './plan.ts';

/** A Kubernetes object as written to a file. */
export type Manifest = Readonly<Record<string, unknown>>;

/** The namespace of the mesh's own objects. */
export const meshNamespace = 'osm-system';

const meshName = 'osm';

/** What a run may change about the mesh as a whole. */
export interface MeshToggles {
  readonly permissive: boolean;
  readonly egress: boolean;
}

/** A namespace of the mesh whose pods are on paper. */
export function namespaceManifest(name: string): Manifest {
  const labels = { 'openservicemesh.io/monitored-by': meshName };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** A namespace of the mesh whose pods get a sidecar. */
export function meshedNamespaceManifest(name: string): Manifest {
  const labels = { 'openservicemesh.io/monitored-by': meshName };
  const annotations = { 'openservicemesh.io/sidecar-injection': 'enabled' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } };
}

export function meshConfigManifest(toggles: MeshToggles): Manifest {
  return {
    apiVersion: 'config.openservicemesh.io/v1alpha2',
    kind: 'MeshConfig',
    metadata: { name: 'osm-mesh-config', namespace: meshNamespace },
    spec: {
      traffic: {
        enablePermissiveTrafficPolicyMode: toggles.permissive,
        enableEgress: toggles.egress,
      },
    },
  };
}

/** What of a service does not change during a run: account, service, pods, routes. */
export function staticManifests(service: ServicePlan): readonly Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadataOf(service) },
    serviceManifest(service, service.clusterIp, { app: service.name }),
    ...service.pods.map((pod) => podManifest(service, pod)),
    routeGroupManifest(service),
  ];
}

function metadataOf(object: {
  readonly name: string;
  readonly namespace: string;
}): Record<string, unknown> {
  return { name: object.name, namespace: object.namespace };
}

function serviceManifest(
  owner: { readonly name: string; readonly namespace: string },
  clusterIp: string,
  selector: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(owner),
    spec: {
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      selector,
      ports: [{ name: 'http', port: servicePort, targetPort, protocol: 'TCP' }],
    },
  };
}

function podManifest(service: ServicePlan, pod: PodPlan): Manifest {
  const split = service.split === undefined ? {} : { split: service.split };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: service.namespace,
      labels: { app: service.name, ...split, 'osm-proxy-uuid': pod.uuid },
    },
    spec: {
      serviceAccountName: service.name,
      containers: [
        { name: 'app', image: 'app', ports: [{ name: 'http', containerPort: targetPort }] },
      ],
    },
    status: { phase: 'Running', podIP: pod.ip, podIPs: [{ ip: pod.ip }] },
  };
}

function routeGroupManifest(service: ServicePlan): Manifest {
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: metadataOf(service),
    spec: {
      matches: [
        { name: 'read', pathRegex: `/${service.name}/.*`, methods: ['GET', 'HEAD'] },
        { name: 'order', pathRegex: '/orders(/[0-9]+)?', methods: ['POST'] },
      ],
    },
  };
}

/** The service's endpoints: those of its pods that are ready. */
export function endpointSliceManifest(service: ServicePlan, pods: readonly PodPlan[]): Manifest {
  return sliceManifest(service, service.namespace, pods);
}

function sliceManifest(
  owner: { readonly name: string },
  namespace: string,
  pods: readonly PodPlan[],
): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${owner.name}-slice`,
      namespace,
      labels: { 'kubernetes.io/service-name': owner.name },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: targetPort, protocol: 'TCP' }],
    endpoints: pods.map((pod) => ({
      addresses: [pod.ip],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace, name: pod.name },
    })),
  };
}

/** Lets the callers of a service call its routes. */
export function trafficTargetManifest(plan: MeshPlan, service: ServicePlan): Manifest {
  return {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: metadataOf(service),
    spec: {
      destination: { kind: 'ServiceAccount', ...metadataOf(service) },
      sources: service.callers.flatMap((index) => {
        const caller = plan.services[index];
        return caller === undefined ? [] : [{ kind: 'ServiceAccount', ...metadataOf(caller) }];
      }),
      rules: [{ kind: 'HTTPRouteGroup', name: service.name, matches: ['read', 'order'] }],
    },
  };
}

/** The root service of a split with its endpoints: all pods of the backends. */
export function rootServiceManifests(plan: MeshPlan, split: SplitPlan): readonly Manifest[] {
  const pods = split.backends.flatMap((index) => plan.services[index]?.pods ?? []);
  return [
    serviceManifest(split, split.clusterIp, { split: split.name }),
    sliceManifest(split, split.namespace, pods),
  ];
}

export function trafficSplitManifest(
  plan: MeshPlan,
  split: SplitPlan,
  weights: readonly [number, number],
): Manifest {
  return {
    apiVersion: 'split.smi-spec.io/v1alpha2',
    kind: 'TrafficSplit',
    metadata: metadataOf(split),
    spec: {
      service: split.name,
      backends: split.backends.map((index, place) => ({
        service: plan.services[index]?.name ?? '',
        weight: weights[place],
      })),
    },
  };
}
