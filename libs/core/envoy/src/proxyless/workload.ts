import type { HttpAccess, InboundPolicy, WorkloadPolicy } from '@osm/policy';
import {
  FilterChain,
  HttpConnectionManager,
  HttpRbac,
  Listener,
  packAny,
  RouteConfiguration,
  type Any,
} from '@osm/proto-envoy';
import { socketAddress } from '../address.ts';
import { networkFilter, routerFilter } from '../http-filters.ts';
import { inboundRouteName, proxylessServerListeners } from '../names.ts';
import { assemble, type Emitted, type Part } from '../part.ts';
import { proxylessRbac } from '../rbac.ts';
import { includesOf } from '../workload.ts';
import { proxylessDownstreamTls } from './tls.ts';

/**
 * The server side of gRPC without a sidecar: a listener for each address that a server may listen on. TCP ports are left out: what is no
 * gRPC has nobody here to answer the handshake.
 *
 * Access is in the listener, not in its routes: grpc-js 1.14 does not read RBAC of routes. An edit of it replaces the listener, and the
 * server closes its connections as soon as their calls have ended.
 */
export function emitProxylessWorkload(unit: WorkloadPolicy, previous?: Emitted): Emitted {
  const parts = unit.inbound.flatMap(({ targetPort, access }) =>
    isHttp(access) ? listeners(targetPort, access, unit.trustDomain ?? '') : [],
  );
  return assemble(parts, includesOf(unit), previous);
}

function isHttp(access: InboundPolicy['access']): access is HttpAccess {
  return access.kind === 'http-permissive' || access.kind === 'http-enforced';
}

function listeners(port: number, access: HttpAccess, trustDomain: string): readonly Part[] {
  return proxylessServerListeners(port).map(({ name, address }) => ({
    type: 'listener',
    name,
    from: { access, trustDomain },
    make: () => ({
      type: 'listener',
      message: Listener.fromPartial({
        name,
        address: socketAddress(address, port),
        filterChains: [serverChain(port, proxylessRbac(access, trustDomain))],
      }),
    }),
  }));
}

/** No match: gRPC servers have one chain for all comers. Its only route takes every request: what is not allowed is PERMISSION_DENIED. */
function serverChain(port: number, rules: ReturnType<typeof proxylessRbac>): FilterChain {
  const name = inboundRouteName(port);
  const route = {
    match: { pathSpecifier: { $case: 'prefix' as const, value: '/' } },
    action: { $case: 'nonForwardingAction' as const, value: {} },
  };
  const manager = HttpConnectionManager.fromPartial({
    routeSpecifier: {
      $case: 'routeConfig',
      value: RouteConfiguration.fromPartial({
        name,
        virtualHosts: [{ name, domains: ['*'], routes: [route] }],
      }),
    },
    httpFilters: [
      httpFilter('rbac', packAny(HttpRbac, HttpRbac.fromPartial({ rules }))),
      routerFilter,
    ],
  });
  return FilterChain.fromPartial({
    transportSocket: proxylessDownstreamTls(),
    filters: [networkFilter('http', packAny(HttpConnectionManager, manager))],
  });
}

function httpFilter(name: string, value: Any) {
  return { name, configType: { $case: 'typedConfig' as const, value } };
}
