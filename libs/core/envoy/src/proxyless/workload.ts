import type { HttpAccess, InboundPolicy, WorkloadPolicy } from '@osm/policy';
import {
  FilterChain,
  HttpConnectionManager,
  HttpRbac,
  Listener,
  packAny,
  RBAC,
  Route,
  RouteConfiguration,
} from '@osm/proto-envoy';
import { socketAddress } from '../address.ts';
import { overAds } from '../config-source.ts';
import { networkFilter, routerFilter } from '../http-filters.ts';
import { inboundRouteName, proxylessServerListeners } from '../names.ts';
import { assemble, type Emitted, type Part } from '../part.ts';
import { permitAll, permitByRules } from '../rbac.ts';
import { includesOf } from '../workload.ts';
import { proxylessDownstreamTls } from './tls.ts';

/**
 * The server side of gRPC without a sidecar: a listener for each address that a server may listen on, and a route configuration per
 * port that holds the access. TCP ports are left out: what is no gRPC has nobody here to answer the handshake.
 */
export function emitProxylessWorkload(unit: WorkloadPolicy, previous?: Emitted): Emitted {
  const parts = unit.inbound.flatMap(({ targetPort, access }) =>
    isHttp(access) ? [...listeners(targetPort), routes(targetPort, access)] : [],
  );
  return assemble(parts, includesOf(unit), previous);
}

function isHttp(access: InboundPolicy['access']): access is HttpAccess {
  return access.kind === 'http-permissive' || access.kind === 'http-enforced';
}

function listeners(port: number): readonly Part[] {
  return proxylessServerListeners(port).map(({ name, address }) => ({
    type: 'listener',
    name,
    from: 'proxyless server',
    make: () => ({
      type: 'listener',
      message: Listener.fromPartial({
        name,
        address: socketAddress(address, port),
        filterChains: [serverChain(port)],
      }),
    }),
  }));
}

/** No match: gRPC servers have one chain for all comers. */
function serverChain(port: number): FilterChain {
  const manager = HttpConnectionManager.fromPartial({
    routeSpecifier: {
      $case: 'rds',
      value: { configSource: overAds, routeConfigName: inboundRouteName(port) },
    },
    httpFilters: [rbac, routerFilter],
  });
  return FilterChain.fromPartial({
    transportSocket: proxylessDownstreamTls(),
    filters: [networkFilter('http', packAny(HttpConnectionManager, manager))],
  });
}

/** Also the filter's name: grpc-js looks up what a route says for a filter under the filter's type. */
const rbacFilter = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

/** Nobody may anything, unless the route says so. */
const rbac = {
  name: rbacFilter,
  configType: {
    $case: 'typedConfig' as const,
    value: packAny(HttpRbac, HttpRbac.fromPartial({ rules: RBAC.fromPartial({}) })),
  },
};

/**
 * One route for all requests: a gRPC server has no answer like "no such route", so that what is not allowed is PERMISSION_DENIED,
 * whether or not somebody else may.
 */
function routes(port: number, access: HttpAccess): Part {
  const name = inboundRouteName(port);
  const make = (): RouteConfiguration => {
    const route = Route.fromPartial({
      match: { pathSpecifier: { $case: 'prefix', value: '/' } },
      action: { $case: 'nonForwardingAction', value: {} },
      typedPerFilterConfig: {
        [rbacFilter]: access.kind === 'http-permissive' ? permitAll() : permitByRules(access.rules),
      },
    });
    return RouteConfiguration.fromPartial({
      name,
      virtualHosts: [{ name, domains: ['*'], routes: [route] }],
    });
  };
  return { type: 'route', name, from: access, make: () => ({ type: 'route', message: make() }) };
}
