import type { HttpAccess, HttpRule, InboundPolicy, TlsSettings, WorkloadPolicy } from '@osm/policy';
import { sortedBy } from '@osm/prelude';
import { FilterChain, Listener, RouteConfiguration, TrafficDirection } from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { httpConnectionManager, httpRbacFilter } from './http-filters.ts';
import { originalDst, tlsInspector } from './listener-filters.ts';
import {
  clientAlpn,
  fixedNames,
  http2Alpn,
  inboundRouteName,
  localClusterName,
  meshAlpn,
  proxyPorts,
} from './names.ts';
import type { Part } from './part.ts';
import { httpRbac } from './rbac.ts';
import { acceptedKeptAlive } from './cluster-options.ts';
import { anyRequest, matchesAll, routeTo, type HttpMatch } from './routes.ts';
import { tcpProxy } from './tcp-filters.ts';
import { downstreamTls } from './tls.ts';

/**
 * The server side: one listener, and a route configuration per HTTP port. Which clients may call
 *
 * - by HTTP is in the routes, so an edit leaves the listener as it is;
 * - by TCP is in the TLS handshake. OSM's network RBAC decides on the client's first byte, and by then a server that speaks first
 *   has spoken to anybody.
 *
 * When a chain of the listener changes or goes, Envoy ends its connections after the drain time, and leaves those of the other chains
 * alone. So there is a chain per target port, per service, and for TCP per client: what happens to one cuts nobody else off.
 *
 * Without services there is no listener: refused.
 */
export function inboundParts(unit: WorkloadPolicy): readonly Part[] {
  if (unit.inbound.length === 0) return [];
  const { tls, inbound, hasProxylessClients } = unit;
  const listener: Part = {
    type: 'listener',
    name: fixedNames.inboundListener,
    from: { tls, ports: inbound.map(listenerView), hasProxylessClients },
    make: () => ({ type: 'listener', message: inboundListener(unit) }),
  };
  return [listener, ...inbound.flatMap(routeParts)];
}

/** What the listener shows of a port. Of one family all protocols are served alike. */
function listenerView({ access, targetPort, serverNames }: InboundPolicy): unknown {
  return { targetPort, serverNames, access: isHttp(access) ? 'http' : access };
}

function inboundListener({ tls, inbound, hasProxylessClients }: WorkloadPolicy): Listener {
  return Listener.fromPartial({
    name: fixedNames.inboundListener,
    address: socketAddress('0.0.0.0', proxyPorts.inbound),
    trafficDirection: TrafficDirection.INBOUND,
    socketOptions: acceptedKeptAlive,
    listenerFilters: [tlsInspector, originalDst],
    filterChains: inbound.flatMap((port) => [
      ...inboundChains(tls, port),
      ...(hasProxylessClients && isHttp(port.access) ? proxylessChains(tls, port) : []),
    ]),
  });
}

/** Whom a filter chain is for, by what they offer as ALPN; undefined = any client of the mesh. */
interface Clients {
  readonly alpn: string;
  readonly principals: readonly string[] | undefined;
}

function inboundChains(tls: TlsSettings, port: InboundPolicy): readonly FilterChain[] {
  return port.serverNames.flatMap((serverName) =>
    clientsOf(port).map(({ alpn, principals }) =>
      FilterChain.fromPartial({
        name: `${placeName(port)}_${serverName}_${alpn}`,
        filterChainMatch: {
          destinationPort: port.targetPort,
          serverNames: [serverName],
          transportProtocol: 'tls',
          applicationProtocols: [alpn],
        },
        transportSocket: downstreamTls(tls, principals),
        filters: inboundFilters(port),
      }),
    ),
  );
}

/**
 * gRPC without a sidecar offers the ALPN protocol of HTTP/2 and insists on it. The name that it asks for is the one that its user wrote,
 * short or long, or that of a TrafficSplit's root: any will do, requests are judged by their certificate. (Envoy does not come back from a
 * chain whose server name matches to one without a name: hence one for each name as well.)
 */
function proxylessChains(tls: TlsSettings, port: InboundPolicy): readonly FilterChain[] {
  return [undefined, ...port.serverNames].map((serverName) =>
    FilterChain.fromPartial({
      name: `${placeName(port)}_${serverName ?? 'any'}_${http2Alpn}`,
      filterChainMatch: {
        destinationPort: port.targetPort,
        serverNames: serverName === undefined ? [] : [serverName],
        transportProtocol: 'tls',
        applicationProtocols: [http2Alpn],
      },
      transportSocket: downstreamTls(tls, undefined, [http2Alpn]),
      filters: inboundFilters(port),
    }),
  );
}

/**
 * Those with an access of their own have their chain in permissive mode, too: a change of mode cuts only those off who lose by it. A
 * listener must have a chain, so "nobody" is one: it accepts no certificate.
 */
function clientsOf({ access }: InboundPolicy): readonly Clients[] {
  const anyone = { alpn: meshAlpn, principals: undefined };
  if (isHttp(access)) return [anyone];
  const named = access.principals.map((principal) => ({
    alpn: clientAlpn(principal),
    principals: [principal],
  }));
  if (access.kind === 'tcp-permissive') return [...named, anyone];
  return named.length > 0 ? named : [{ alpn: meshAlpn, principals: [] }];
}

/** A target port may be called as HTTP by one service's name and as TCP by another's. */
function placeName({ targetPort, access }: InboundPolicy): string {
  return `inbound_${targetPort}_${isHttp(access) ? 'http' : 'tcp'}`;
}

function isHttp(access: InboundPolicy['access']): access is HttpAccess {
  return access.kind === 'http-permissive' || access.kind === 'http-enforced';
}

function inboundFilters(port: InboundPolicy): FilterChain['filters'] {
  const { targetPort, access } = port;
  const toApplication = () =>
    tcpProxy(placeName(port), [{ name: localClusterName(targetPort), weight: 1 }]);
  switch (access.kind) {
    case 'http-permissive':
    case 'http-enforced':
      return [
        httpConnectionManager({
          side: { kind: 'server' },
          statPrefix: inboundRouteName(targetPort),
          routeConfigName: inboundRouteName(targetPort),
        }),
      ];
    case 'tcp-permissive':
    case 'tcp-enforced':
      return [toApplication()];
  }
}

function routeParts({ targetPort, access }: InboundPolicy): readonly Part[] {
  if (!isHttp(access)) return [];
  return [
    {
      type: 'route',
      name: inboundRouteName(targetPort),
      from: access,
      make: () => ({ type: 'route', message: inboundRoutes(targetPort, access) }),
    },
  ];
}

/** Every Host is accepted: SNI chose the service, and access never depends on Host unless a rule says so. */
function inboundRoutes(targetPort: number, access: HttpAccess): RouteConfiguration {
  const name = inboundRouteName(targetPort);
  const to = [{ name: localClusterName(targetPort), weight: 1 }];
  const matches = access.kind === 'http-permissive' ? [anyRequest] : distinctMatches(access.rules);
  return RouteConfiguration.fromPartial({
    name,
    virtualHosts: [
      {
        name,
        domains: ['*'],
        routes: matches.map((match) => routeTo(match, to)),
        typedPerFilterConfig:
          access.kind === 'http-permissive' ? {} : { [httpRbacFilter]: httpRbac(access.rules) },
      },
    ],
  });
}

/** The matches that routes are made of, sorted; one that takes every request makes the others superfluous. */
function distinctMatches(rules: readonly HttpRule[]): readonly HttpMatch[] {
  if (rules.some(matchesAll)) return [anyRequest];
  const byText = new Map<string, HttpMatch>();
  for (const { pathRegex, methods, headers } of rules)
    byText.set(JSON.stringify([pathRegex ?? null, methods, headers]), {
      pathRegex,
      methods,
      headers,
    });
  return sortedBy(byText, ([text]) => text).map(([, match]) => match);
}
