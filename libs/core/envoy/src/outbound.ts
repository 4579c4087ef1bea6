import type { OutboundPolicy } from '@osm/policy';
import { Listener, RouteConfiguration, TrafficDirection, type FilterChain } from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { httpConnectionManager } from './http-filters.ts';
import { outboundName, outboundStatPrefix, upstreamClusterNameOfKey } from './names.ts';
import { assemble, type Emitted, type Part } from './part.ts';
import { anyRequest, routeTo } from './routes.ts';
import { offerClientName, tcpProxy } from './tcp-filters.ts';

/**
 * A service port as clients see it: one listener on the service's addresses, and one route configuration when it speaks HTTP.
 * The listener binds no port: the listener on 15001 hands connections over by their original destination. So the address chooses
 * the service, nothing has to be read from the connection before it is passed on, and server-first protocols just work.
 */
export function emitOutbound(unit: OutboundPolicy, previous?: Emitted): Emitted {
  const includes = unit.backends.map((backend) => backend.upstream);
  return assemble(isHttp(unit) ? httpParts(unit) : tcpParts(unit), includes, previous);
}

function isHttp(unit: OutboundPolicy): boolean {
  return unit.protocol === 'http' || unit.protocol === 'grpc';
}

function httpParts(unit: OutboundPolicy): readonly Part[] {
  const name = outboundName(unit.service, unit.port);
  const { addresses, domains, backends } = unit;
  const chain = (): FilterChain['filters'] => [
    httpConnectionManager({
      side: 'client',
      statPrefix: outboundStatPrefix(unit.port),
      routeConfigName: name,
    }),
  ];
  return [
    {
      type: 'listener',
      name,
      from: { kind: 'http', addresses },
      make: () => ({ type: 'listener', message: outboundListener(unit, chain()) }),
    },
    {
      type: 'route',
      name,
      from: { domains, backends },
      make: () => ({ type: 'route', message: outboundRoutes(unit) }),
    },
  ];
}

function tcpParts(unit: OutboundPolicy): readonly Part[] {
  const { service, port, protocol, addresses, backends, trustDomain } = unit;
  const [first, ...others] = weightedClusters(unit);
  const statPrefix = `outbound_${service.namespace}/${service.name}_${port}_${protocol}`;
  // A chain without filters closes the connection at once.
  const chain = (): FilterChain['filters'] =>
    first === undefined
      ? []
      : [offerClientName(trustDomain), tcpProxy(statPrefix, [first, ...others])];
  return [
    {
      type: 'listener',
      name: outboundName(service, port),
      from: { kind: protocol, addresses, backends, trustDomain },
      make: () => ({ type: 'listener', message: outboundListener(unit, chain()) }),
    },
  ];
}

function outboundListener(unit: OutboundPolicy, filters: FilterChain['filters']): Listener {
  const [address, ...others] = unit.addresses.map((ip) => socketAddress(ip, unit.port));
  return Listener.fromPartial({
    name: outboundName(unit.service, unit.port),
    ...(address === undefined ? {} : { address }),
    additionalAddresses: others.map((other) => ({ address: other })),
    // One set of statistics for all such listeners: 500 of them cost a proxy little.
    statPrefix: 'outbound',
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ filters }],
  });
}

/** One route: matches are enforced by the server (as OSM). */
function outboundRoutes(unit: OutboundPolicy): RouteConfiguration {
  const name = outboundName(unit.service, unit.port);
  return RouteConfiguration.fromPartial({
    name,
    virtualHosts: [
      { name, domains: [...unit.domains], routes: [routeTo(anyRequest, weightedClusters(unit))] },
    ],
  });
}

function weightedClusters(unit: OutboundPolicy) {
  return unit.backends.map(({ upstream, weight }) => ({
    name: upstreamClusterNameOfKey(upstream),
    weight,
  }));
}
