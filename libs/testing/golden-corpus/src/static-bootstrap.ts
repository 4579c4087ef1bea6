import { resourceToJson } from '@osm/envoy';
import { typeUrls } from '@osm/proto-envoy';
import type { Resource } from '@osm/proto-mesh';

type Json = Readonly<Record<string, unknown>>;

/**
 * The resources of one proxy as a bootstrap that needs no control plane, for `envoy --mode validate`: route configurations move
 * into their listeners, endpoints into their clusters, and certificates to a server that validation never calls.
 */
export function staticBootstrap(resources: readonly Resource[]): Json {
  const named = (type: keyof typeof typeUrls): ReadonlyMap<string, Json> =>
    new Map(
      resources
        .filter((resource) => resource.typeUrl === typeUrls[type])
        .map((resource) => [resource.name, resourceToJson(resource) as Json]),
    );
  const routes = named('route');
  const endpoints = named('endpoint');
  const clusters = [...named('cluster').values()].map((cluster) =>
    inlineEndpoints(cluster, endpoints),
  );
  const listeners = [...named('listener').values()].map((listener) =>
    inlineRoutes(listener, routes),
  );
  return withoutAds({
    node: { id: 'validated', cluster: 'validated' },
    staticResources: { clusters: [...clusters, secretServer], listeners },
  });
}

const secretServer = {
  name: 'secrets',
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: {} },
    },
  },
  loadAssignment: { clusterName: 'secrets' },
};

function inlineEndpoints(cluster: Json, endpoints: ReadonlyMap<string, Json>): Json {
  if (cluster['type'] !== 'EDS') return cluster;
  return {
    ...cluster,
    type: 'STATIC',
    edsClusterConfig: undefined,
    loadAssignment: endpoints.get(String(cluster['name'])),
  };
}

/** Puts a route configuration in the place of each reference to it. */
function inlineRoutes(listener: Json, routes: ReadonlyMap<string, Json>): Json {
  return rewrite(listener, (key, value) =>
    key === 'rds'
      ? ['routeConfig', routes.get(String((value as Json)['routeConfigName']))]
      : undefined,
  );
}

/** Envoy ends with a segmentation fault when a static cluster has its secrets over ADS. */
function withoutAds(bootstrap: Json): Json {
  const source = {
    resourceApiVersion: 'V3',
    apiConfigSource: {
      apiType: 'GRPC',
      transportApiVersion: 'V3',
      grpcServices: [{ envoyGrpc: { clusterName: secretServer.name } }],
    },
  };
  return rewrite(bootstrap, (key) => (key === 'sdsConfig' ? [key, source] : undefined));
}

/** A copy in which some fields are replaced; `replace` returns undefined for the others. */
function rewrite(
  json: Json,
  replace: (key: string, value: unknown) => readonly [string, unknown] | undefined,
): Json {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return rewrite(value as Json, replace);
  };
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => replace(key, value) ?? [key, walk(value)]),
  );
}
