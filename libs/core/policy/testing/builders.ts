import { defaultMeshSettings, type CatalogValue, type Label, type MeshSettings } from '@osm/model';
import { hashHex } from '@osm/prelude';
import { TrafficTargetRule_Kind } from '@osm/proto-mesh';

// Catalog objects in one line each, for specs. Names are `namespace/name` texts.

/** A namespace of the mesh. */
export function namespace(name: string): CatalogValue {
  return {
    $case: 'namespace',
    value: { name, injection: 1, injectionText: 'enabled', metrics: false, ignored: false },
  };
}

export function serviceAccount(at: string): CatalogValue {
  return { $case: 'serviceAccount', value: split(at) };
}

/** Settings that differ from the defaults. */
export function settings(overrides: Partial<MeshSettings> = {}): CatalogValue {
  return {
    $case: 'meshSettings',
    value: { ...defaultMeshSettings('cluster.local'), ...overrides },
  };
}

/** `[name:]port[->target][ protocol]`, e.g. `web:80->8080 http`; a target may be a name. Default protocol http. */
export type PortText = string;

export interface ServiceFields {
  /** Default: an address made from the name. */
  readonly ip?: string;
  /** Instead of `ip`. */
  readonly ips?: readonly string[];
  readonly ports?: readonly PortText[];
  /** Default: `app=<name>`. */
  readonly selector?: Readonly<Record<string, string>>;
  readonly headless?: boolean;
  /** Makes it an ExternalName service for that name. */
  readonly externalName?: string;
}

/** A service on port 80 -> 8080 over the pods labelled `app=<name>`. */
export function service(at: string, fields: ServiceFields = {}): CatalogValue {
  const { namespace, name } = split(at);
  const { ip = addressOf(at), ports = ['80->8080'], headless = false } = fields;
  return {
    $case: 'service',
    value: {
      namespace,
      name,
      clusterIps: headless || fields.externalName !== undefined ? [] : (fields.ips ?? [ip]),
      headless,
      selector: labels(fields.selector ?? { app: name }),
      ports: ports.map(servicePort),
      externalName: fields.externalName ?? '',
    },
  };
}

export interface PodFields {
  readonly ip?: string;
  /** Default: the pod's name. */
  readonly account?: string;
  /** Default: `app=<account>`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly namedPorts?: Readonly<Record<string, number>>;
  readonly uuid?: string;
  readonly scrape?: boolean;
  readonly proxyless?: boolean;
}

/** A pod with a sidecar whose proxy uuid is `uuid-<name>`. */
export function pod(at: string, fields: PodFields = {}): CatalogValue {
  const { namespace, name } = split(at);
  const { account = name } = fields;
  return {
    $case: 'pod',
    value: {
      namespace,
      name,
      proxyUuid: fields.uuid ?? `uuid-${name}`,
      serviceAccount: account,
      ip: fields.ip ?? '10.0.0.1',
      labels: labels(fields.labels ?? { app: account }),
      namedPorts: Object.entries(fields.namedPorts ?? {}).map(([name, port]) => ({ name, port })),
      scrape: fields.scrape ?? false,
      proxyless: fields.proxyless ?? false,
      uid: '',
    },
  };
}

export interface EndpointsFields {
  /** `[port name:]port`; default 8080 for the unnamed port. */
  readonly ports?: readonly string[];
  /** `ip[@hostname][=pod]`, a pod of the same namespace. */
  readonly at: readonly string[];
  /** Default: the service's name. */
  readonly slice?: string;
}

/** The endpoints of a service. */
export function endpoints(of: string, fields: EndpointsFields): CatalogValue {
  const { namespace, name } = split(of);
  return {
    $case: 'endpointSlice',
    value: {
      namespace,
      name: fields.slice ?? name,
      service: name,
      ports: (fields.ports ?? ['8080']).map((text) => {
        const [port = '', portName = ''] = text.split(':').reverse();
        return { name: portName, port: Number(port) };
      }),
      endpoints: fields.at.map((text) => {
        const [address = '', podName = ''] = text.split('=');
        const [ip = '', hostname = ''] = address.split('@');
        return { ip, hostname, pod: podName };
      }),
    },
  };
}

export interface TargetFields {
  /** Destination, `namespace/name`. */
  readonly to: string;
  readonly from: readonly string[];
  /** `group:match,match`; without colon the rule has no matches. */
  readonly http?: readonly string[];
  /** Names of TCPRoutes. */
  readonly tcp?: readonly string[];
}

export function target(at: string, fields: TargetFields): CatalogValue {
  const { http = [], tcp = [] } = fields;
  return {
    $case: 'trafficTarget',
    value: {
      ...split(at),
      destination: split(fields.to),
      sources: fields.from.map(split),
      rules: [
        ...http.map((text) => {
          const [name = '', matches] = text.split(':');
          return {
            kind: TrafficTargetRule_Kind.HTTP_ROUTE_GROUP,
            name,
            matches: matches === undefined ? [] : matches.split(','),
            matchesOmitted: matches === undefined,
          };
        }),
        ...tcp.map((name) => ({
          kind: TrafficTargetRule_Kind.TCP_ROUTE,
          name,
          matches: [],
          matchesOmitted: false,
        })),
      ],
    },
  };
}

/** One match of an HTTPRouteGroup: `{ path, methods, headers }`, all optional. */
export interface MatchFields {
  readonly path?: string;
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export function routeGroup(
  at: string,
  matches: Readonly<Record<string, MatchFields>>,
): CatalogValue {
  return {
    $case: 'httpRouteGroup',
    value: {
      ...split(at),
      matches: Object.entries(matches).map(([name, { path = '', methods = [], headers = {} }]) => ({
        name,
        pathRegex: path,
        methods,
        headers: Object.entries(headers).map(([header, valueRegex]) => ({
          name: header,
          valueRegex,
        })),
      })),
    },
  };
}

export function tcpRoute(at: string, ports: readonly number[]): CatalogValue {
  return { $case: 'tcpRoute', value: { ...split(at), matches: [{ name: '', ports }] } };
}

/** The root is a service of the split's namespace. */
export function trafficSplit(
  at: string,
  root: string,
  weights: Readonly<Record<string, number>>,
): CatalogValue {
  return {
    $case: 'trafficSplit',
    value: {
      ...split(at),
      service: root,
      backends: Object.entries(weights).map(([name, weight]) => ({ service: name, weight })),
    },
  };
}

function split(text: string): { namespace: string; name: string } {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

function labels(record: Readonly<Record<string, string>>): Label[] {
  return Object.entries(record)
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function servicePort(text: PortText) {
  const [place = '', protocol = 'http'] = text.split(' ');
  const [dialled = '', to = ''] = place.split('->');
  const [port = '', name = ''] = dialled.split(':').reverse();
  const isNumber = /^\d*$/.test(to);
  return {
    name,
    port: Number(port),
    targetPort: isNumber ? Number(to) : 0,
    targetPortName: isNumber ? '' : to,
    protocol,
  };
}

function addressOf(text: string): string {
  const number = Number.parseInt(hashHex(new TextEncoder().encode(text)).slice(0, 6), 16);
  return `10.${96 + (number >> 20)}.${(number >> 8) & 255}.${number & 255}`;
}
