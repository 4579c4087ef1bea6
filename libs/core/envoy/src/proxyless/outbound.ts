import type { OutboundPolicy } from '@osm/policy';
import {
  HttpConnectionManager,
  Listener,
  packAny,
  RouteConfiguration,
  type Any,
} from '@osm/proto-envoy';
import { overAds } from '../config-source.ts';
import { routerFilter } from '../http-filters.ts';
import { outboundName, proxylessTargets, upstreamClusterNameOfKey } from '../names.ts';
import { assemble, type Emitted, type Part } from '../part.ts';
import { anyRequest, routeTo } from '../routes.ts';

/**
 * A service port as gRPC clients call it: a listener for each name that a target `xds:///<name>` may have, all with one route
 * configuration. The name chooses the service, so any authority is right.
 */
export function emitProxylessOutbound(unit: OutboundPolicy, previous?: Emitted): Emitted {
  const routes = outboundName(unit.service, unit.port);
  const { domains, port, backends } = unit;
  const listeners = proxylessTargets(domains, port).map((name): Part => ({
    type: 'listener',
    name,
    from: routes,
    make: () => ({
      type: 'listener',
      message: Listener.fromPartial({ name, apiListener: { apiListener: clientManager(routes) } }),
    }),
  }));
  const route: Part = {
    type: 'route',
    name: routes,
    from: backends,
    make: () => ({ type: 'route', message: routesTo(routes, backends) }),
  };
  const includes = backends.map((backend) => backend.upstream);
  return assemble([...listeners, route], includes, previous);
}

function clientManager(routeConfigName: string): Any {
  const manager = HttpConnectionManager.fromPartial({
    routeSpecifier: { $case: 'rds', value: { configSource: overAds, routeConfigName } },
    httpFilters: [routerFilter],
  });
  return packAny(HttpConnectionManager, manager);
}

/** Without backends there is no route, which gRPC answers UNAVAILABLE; it knows no direct responses. */
function routesTo(name: string, backends: OutboundPolicy['backends']): RouteConfiguration {
  const clusters = backends.map(({ upstream, weight }) => ({
    name: upstreamClusterNameOfKey(upstream),
    weight,
  }));
  const routes = clusters.length === 0 ? [] : [routeTo(anyRequest, clusters)];
  return RouteConfiguration.fromPartial({
    name,
    virtualHosts: [{ name, domains: ['*'], routes }],
  });
}
