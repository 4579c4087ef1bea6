import type {
  Address,
  Any,
  Cluster,
  FilterChain,
  Listener,
  RouteConfiguration,
} from '@osm/proto-envoy';
import { Cluster_DiscoveryType, HttpConnectionManager, TcpProxy } from '@osm/proto-envoy';
import type { ResourceMessage } from './part.ts';

/** What one resource defines and refers to, as `<type> <name>`, read from the finished message. */
export interface Facts {
  readonly defines: string;
  readonly needs: readonly string[];
  /** Where a listener listens, `<ip>:<port>`. */
  readonly addresses: readonly string[];
  /** What Envoy would refuse in this resource alone. */
  readonly problems: readonly string[];
}

/** Reads the facts of a resource. */
export function factsOf(made: ResourceMessage): Facts {
  switch (made.type) {
    case 'cluster':
      return factsOfCluster(made.message);
    case 'endpoint':
      return { ...nothing, defines: `endpoint ${made.message.clusterName}` };
    case 'listener':
      return factsOfListener(made.message);
    case 'route':
      return factsOfRoutes(made.message);
  }
}

const nothing = { needs: [], addresses: [], problems: [] } as const;

function factsOfCluster(cluster: Cluster): Facts {
  const type = cluster.clusterDiscoveryType;
  const eds = type?.$case === 'type' && type.value === Cluster_DiscoveryType.EDS;
  const defines = `cluster ${cluster.name}`;
  return { ...nothing, defines, needs: eds ? [`endpoint ${cluster.name}`] : [] };
}

function factsOfListener(listener: Listener): Facts {
  const chains = listener.filterChains;
  const all =
    listener.defaultFilterChain === undefined ? chains : [...chains, listener.defaultFilterChain];
  const duplicates = repeated(chains.flatMap(chainMatches));
  const api = listener.apiListener?.apiListener;
  return {
    defines: `listener ${listener.name}`,
    needs: [
      ...new Set([...all.flatMap(needsOfChain), ...(api === undefined ? [] : needsOfFilter(api))]),
    ],
    addresses: [listener.address, ...listener.additionalAddresses.map((one) => one.address)]
      .filter((address) => address !== undefined)
      .map(addressText),
    problems: duplicates.map((match) => `two filter chains of ${listener.name} match ${match}`),
  };
}

/** One text per combination of what our chains match by. Envoy refuses a listener in which two chains share one. */
function chainMatches(chain: FilterChain): readonly string[] {
  const match = chain.filterChainMatch;
  const names = match?.serverNames.length ? match.serverNames : ['any name'];
  const ranges =
    match?.prefixRanges.map((range) => `${range.addressPrefix}/${range.prefixLen}`) ?? [];
  const rest = `port ${match?.destinationPort ?? 'any'}, ${match?.transportProtocol ?? ''} ${match?.applicationProtocols.join('+') ?? ''} ${ranges.join('+')}`;
  return names.map((name) => `${name}, ${rest.trim()}`);
}

function needsOfChain(chain: FilterChain): readonly string[] {
  return chain.filters.flatMap((filter) =>
    filter.configType?.$case === 'typedConfig' ? needsOfFilter(filter.configType.value) : [],
  );
}

function needsOfFilter(config: Any): readonly string[] {
  switch (config.typeUrl.slice(config.typeUrl.indexOf('/') + 1)) {
    case HttpConnectionManager.$type: {
      const routes = HttpConnectionManager.decode(config.value).routeSpecifier;
      if (routes?.$case === 'rds') return [`route ${routes.value.routeConfigName}`];
      return routes?.$case === 'routeConfig' ? needsOfRoutes(routes.value) : [];
    }
    case TcpProxy.$type: {
      const to = TcpProxy.decode(config.value).clusterSpecifier;
      if (to?.$case === 'cluster') return [`cluster ${to.value}`];
      return to?.value.clusters.map((one) => `cluster ${one.name}`) ?? [];
    }
    default:
      return [];
  }
}

function factsOfRoutes(routes: RouteConfiguration): Facts {
  const duplicates = repeated(
    routes.virtualHosts.flatMap((host) => host.domains.map((domain) => domain.toLowerCase())),
  );
  return {
    ...nothing,
    defines: `route ${routes.name}`,
    needs: needsOfRoutes(routes),
    problems: duplicates.map(
      (domain) => `route configuration ${routes.name} has the domain ${domain} twice`,
    ),
  };
}

function needsOfRoutes(routes: RouteConfiguration): readonly string[] {
  const clusters = routes.virtualHosts
    .flatMap((host) => host.routes)
    .flatMap((route) => {
      const to = route.action?.$case === 'route' ? route.action.value.clusterSpecifier : undefined;
      if (to?.$case === 'cluster') return [to.value];
      return to?.$case === 'weightedClusters' ? to.value.clusters.map((one) => one.name) : [];
    });
  return [...new Set(clusters)].map((name) => `cluster ${name}`);
}

function addressText(address: Address): string {
  if (address.address?.$case !== 'socketAddress') return 'none';
  const { address: ip, portSpecifier: port } = address.address.value;
  return `${ip}:${port?.value ?? ''}`;
}

function repeated(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}
