import { defaultMeshSettings, objectKey, type CatalogValue } from '@osm/model';
import type { CatalogChange } from '@osm/policy';

// A small shop as catalog objects: buyer-1 may call store-1 on port 80 for /books.

const namespace = 'shop';

/** Put changes for objects. */
export function puts(...objects: readonly CatalogValue[]): readonly CatalogChange[] {
  return objects.map((value) => ({ kind: 'put', key: objectKey(value), value }));
}

export function settings(permissive: boolean): CatalogValue {
  return {
    $case: 'meshSettings',
    value: { ...defaultMeshSettings('cluster.local'), permissive },
  };
}

/** A pod of the service account of the same name, with the label app. */
export function pod(app: string, ip: string): CatalogValue {
  return {
    $case: 'pod',
    value: {
      namespace,
      name: `${app}-1`,
      proxyUuid: `uuid-of-${app}`,
      serviceAccount: app,
      ip,
      labels: [{ key: 'app', value: app }],
      namedPorts: [],
      scrape: false,
      proxyless: false,
      uid: '',
    },
  };
}

/** A service over the pods of an app, port 80 to 8080. */
export function service(app: string, clusterIp: string): CatalogValue {
  return {
    $case: 'service',
    value: {
      namespace,
      name: app,
      clusterIps: [clusterIp],
      headless: false,
      selector: [{ key: 'app', value: app }],
      ports: [{ name: 'http', port: 80, targetPort: 8080, targetPortName: '', protocol: 'http' }],
      externalName: '',
    },
  };
}

export function endpoints(app: string, ips: readonly string[]): CatalogValue {
  return {
    $case: 'endpointSlice',
    value: {
      namespace,
      name: `${app}-slice`,
      service: app,
      ports: [{ name: 'http', port: 8080 }],
      endpoints: ips.map((ip) => ({ ip, hostname: '', pod: `${app}-1` })),
    },
  };
}

export function routes(pathRegex: string): CatalogValue {
  return {
    $case: 'httpRouteGroup',
    value: {
      namespace,
      name: 'routes',
      matches: [{ name: 'books', pathRegex, methods: ['GET'], headers: [] }],
    },
  };
}

export function target(source: string, destination: string): CatalogValue {
  return {
    $case: 'trafficTarget',
    value: {
      namespace,
      name: `${source}-to-${destination}`,
      destination: { namespace, name: destination },
      sources: [{ namespace, name: source }],
      rules: [{ kind: 0, name: 'routes', matches: ['books'], matchesOmitted: false }],
    },
  };
}

/** The shop. */
export const shop: readonly CatalogValue[] = [
  settings(false),
  {
    $case: 'namespace',
    value: { name: namespace, injection: 1, injectionText: '', metrics: false, ignored: false },
  },
  pod('buyer', '10.10.0.1'),
  pod('store', '10.10.0.2'),
  service('store', '10.96.0.1'),
  endpoints('store', ['10.10.0.2']),
  routes('/books'),
  target('buyer', 'store'),
];
