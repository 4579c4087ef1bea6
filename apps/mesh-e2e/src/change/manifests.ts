/** A Kubernetes object as JSON, which is YAML. */
export type Manifest = Readonly<Record<string, unknown>>;

const namespace = 'load';
const metadata = (name: string): Manifest => ({ name, namespace });
const account = (name: string): Manifest => ({ kind: 'ServiceAccount', name, namespace });

/** Lets sources call a destination: the matches of a route group, or the ports of the TCPRoute of the mesh. */
export function trafficTarget(
  name: string,
  options: {
    readonly to: string;
    readonly from: readonly string[];
    readonly routes: { readonly group: string; readonly match: string } | 'tcp';
  },
): Manifest {
  const { routes } = options;
  const rule =
    routes === 'tcp'
      ? { kind: 'TCPRoute', name: 'echo' }
      : { kind: 'HTTPRouteGroup', name: routes.group, matches: [routes.match] };
  return {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: metadata(name),
    spec: {
      destination: account(options.to),
      sources: options.from.map(account),
      rules: [rule],
    },
  };
}

/** A group with one match named `match`. */
export function routeGroup(name: string, pathRegex: string, methods: readonly string[]): Manifest {
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: metadata(name),
    spec: { matches: [{ name: 'match', pathRegex, methods }] },
  };
}

export function trafficSplit(root: string, weights: Readonly<Record<string, number>>): Manifest {
  return {
    apiVersion: 'split.smi-spec.io/v1alpha2',
    kind: 'TrafficSplit',
    metadata: metadata(root),
    spec: {
      service: root,
      backends: Object.entries(weights).map(([service, weight]) => ({ service, weight })),
    },
  };
}

/** A service with an address of its own choice: the playground does not know of it, so nobody else writes its endpoints. */
export function service(
  name: string,
  options: {
    readonly ip: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly protocol: 'http' | 'tcp';
  },
): Manifest {
  const { ip, selector, protocol } = options;
  const port =
    protocol === 'http'
      ? { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }
      : { name: 'tcp-echo', port: 9000, targetPort: 9000, protocol: 'TCP' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name),
    spec: { clusterIP: ip, clusterIPs: [ip], selector, ports: [port] },
  };
}

/** A pod behind a service; an address without a name is of nobody. */
export interface EndpointAddress {
  readonly ip: string;
  readonly pod?: string;
}

export function endpointSlice(
  serviceName: string,
  endpoints: readonly EndpointAddress[],
): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...metadata(`${serviceName}-by-hand`),
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map(({ ip, pod }) => ({
      addresses: [ip],
      conditions: { ready: true },
      ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', namespace, name: pod } }),
    })),
  };
}

/** Only fields that reach pods which are yet to be injected. */
export function harmlessMeshConfig(logLevel: string, cpu: string): Manifest {
  return {
    apiVersion: 'config.openservicemesh.io/v1alpha2',
    kind: 'MeshConfig',
    metadata: { name: 'osm-mesh-config', namespace: 'osm-system' },
    spec: { sidecar: { logLevel, resources: { limits: { cpu } } } },
  };
}
