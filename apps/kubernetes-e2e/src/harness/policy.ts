import type { Manifest } from './kubectl.ts';

// SMI objects in OSM's form: the YAML of OSM's own tests and demos, as values.

export interface Account {
  readonly name: string;
  readonly namespace: string;
}

export interface RouteMatch {
  readonly name: string;
  readonly pathRegex?: string;
  readonly methods?: readonly string[];
  readonly headers?: readonly Readonly<Record<string, string>>[];
}

export function httpRoutes(
  { name, namespace }: Account,
  matches: readonly RouteMatch[] = [{ name: 'all', pathRegex: '.*', methods: ['*'] }],
): Manifest {
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name, namespace },
    spec: { matches },
  };
}

export function tcpRoute({ name, namespace }: Account, ports: readonly number[]): Manifest {
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'TCPRoute',
    metadata: { name, namespace },
    spec: { matches: { ports } },
  };
}

/** Lets the sources use the destination by these rules: the names of route groups, or of TCPRoutes. */
export function trafficTarget(
  { name, namespace }: Account,
  destination: Account,
  sources: readonly Account[],
  rules: readonly {
    readonly kind: string;
    readonly name: string;
    readonly matches?: readonly string[];
  }[],
): Manifest {
  const account = (of: Account): unknown => ({ kind: 'ServiceAccount', ...pick(of) });
  return {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name, namespace },
    spec: { destination: account(destination), sources: sources.map(account), rules },
  };
}

export function trafficSplit(
  { name, namespace }: Account,
  service: string,
  weights: Readonly<Record<string, number>>,
): Manifest {
  return {
    apiVersion: 'split.smi-spec.io/v1alpha2',
    kind: 'TrafficSplit',
    metadata: { name, namespace },
    spec: {
      service,
      backends: Object.entries(weights).map(([backend, weight]) => ({ service: backend, weight })),
    },
  };
}

function pick({ name, namespace }: Account): Account {
  return { name, namespace };
}
