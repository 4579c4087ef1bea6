import { serviceFqdn } from '@osm/model';
import type { OutboundPolicy } from '@osm/policy';
import {
  Listener,
  RouteConfiguration,
  TrafficDirection,
  VirtualHost,
  type FilterChain,
} from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { httpConnectionManager } from './http-filters.ts';
import {
  outboundName,
  outboundStatPrefix,
  podListenerName,
  upstreamClusterNameOfKey,
} from './names.ts';
import { assemble, type Emitted, type Part } from './part.ts';
import { anyRequest, routeTo } from './routes.ts';
import { offerClientName, tcpProxy } from './tcp-filters.ts';

/**
 * A service port as clients see it: one listener on the service's addresses, and one route configuration when it speaks HTTP. Of a
 * headless service each pod's address has a listener of its own: a listener that changes is drained, so that with one for all a pod that
 * comes would end the connections to the others.
 *
 * The listener binds no port: the listener on 15001 hands connections over by their original destination. So the address chooses
 * the service, nothing has to be read from the connection before it is passed on, and server-first protocols just work.
 */
export function emitOutbound(unit: OutboundPolicy, previous?: Emitted): Emitted {
  const includes = [...unit.backends, ...(unit.whole?.backends ?? [])].map(
    (backend) => backend.upstream,
  );
  return assemble(isHttp(unit) ? httpParts(unit) : tcpParts(unit), includes, previous);
}

function isHttp(unit: OutboundPolicy): boolean {
  return unit.protocol === 'http' || unit.protocol === 'grpc';
}

function httpParts(unit: OutboundPolicy): readonly Part[] {
  const name = outboundName(unit.service, unit.port);
  const { domains, backends, whole } = unit;
  const chain = (): FilterChain['filters'] => [
    httpConnectionManager({
      side: { kind: 'client', defaultHost: serviceFqdn(unit.service) },
      statPrefix: outboundStatPrefix(unit.port),
      routeConfigName: name,
    }),
  ];
  return [
    ...listenerParts(unit, { kind: 'http' }, chain),
    {
      type: 'route',
      name,
      from: { domains, backends, whole },
      make: () => ({ type: 'route', message: outboundRoutes(unit) }),
    },
  ];
}

function tcpParts(unit: OutboundPolicy): readonly Part[] {
  const { service, port, protocol, backends, trustDomain } = unit;
  const [first, ...others] = weightedClusters(unit);
  const statPrefix = `outbound_${service.namespace}/${service.name}_${port}_${protocol}`;
  // A chain without filters closes the connection at once.
  const chain = (): FilterChain['filters'] =>
    first === undefined
      ? []
      : [offerClientName(trustDomain), tcpProxy(statPrefix, [first, ...others])];
  return listenerParts(unit, { kind: protocol, backends, trustDomain }, chain);
}

/** The listeners of a service port; `from` is what they depend on beside their addresses. */
function listenerParts(
  unit: OutboundPolicy,
  from: Readonly<Record<string, unknown>>,
  filters: () => FilterChain['filters'],
): readonly Part[] {
  const { service, port, addresses } = unit;
  const places =
    unit.addressesOf === 'service'
      ? [{ name: outboundName(service, port), addresses }]
      : addresses.map((ip) => ({ name: podListenerName(service, port, ip), addresses: [ip] }));
  return places.map((place) => ({
    type: 'listener',
    name: place.name,
    from: { ...from, addresses: place.addresses },
    make: () => ({ type: 'listener', message: outboundListener(place, port, filters()) }),
  }));
}

interface ListenerPlace {
  readonly name: string;
  readonly addresses: readonly string[];
}

function outboundListener(
  place: ListenerPlace,
  port: number,
  filters: FilterChain['filters'],
): Listener {
  const [address, ...others] = place.addresses.map((ip) => socketAddress(ip, port));
  return Listener.fromPartial({
    name: place.name,
    ...(address === undefined ? {} : { address }),
    additionalAddresses: others.map((other) => ({ address: other })),
    // One set of statistics for all such listeners: 500 of them cost a proxy little.
    statPrefix: 'outbound',
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ filters }],
  });
}

function outboundRoutes(unit: OutboundPolicy): RouteConfiguration {
  const name = outboundName(unit.service, unit.port);
  const virtualHosts = [virtualHost(name, unit)];
  if (unit.whole !== undefined) virtualHosts.push(virtualHost(`${name} whole`, unit.whole));
  return RouteConfiguration.fromPartial({ name, virtualHosts });
}

type Named = Pick<OutboundPolicy, 'domains' | 'backends'>;

/** One route: matches are enforced by the server (as OSM). */
function virtualHost(name: string, named: Named): VirtualHost {
  const routes = [routeTo(anyRequest, weightedClusters(named))];
  return VirtualHost.fromPartial({ name, domains: [...named.domains], routes });
}

function weightedClusters({ backends }: Pick<OutboundPolicy, 'backends'>) {
  return backends.map(({ upstream, weight }) => ({
    name: upstreamClusterNameOfKey(upstream),
    weight,
  }));
}
