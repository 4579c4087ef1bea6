import { HttpConnectionManager, HttpRbac, packAny, Router, type Any } from '@osm/proto-envoy';
import { accessLog } from './access-log.ts';
import { http1Options, http2Options } from './cluster-options.ts';
import { overAds } from './config-source.ts';

/** The name under which routes configure the RBAC filter. */
export const httpRbacFilter = 'rbac';

export const routerFilter = httpFilter('router', packAny(Router, Router.fromPartial({})));
/** Does nothing by itself: route configurations say who may pass. */
const rbac = httpFilter(httpRbacFilter, packAny(HttpRbac, HttpRbac.fromPartial({})));

function httpFilter(name: string, value: Any) {
  return { name, configType: { $case: 'typedConfig' as const, value } };
}

/** Which end of a call an HTTP connection manager serves. */
type HttpSide =
  /** `defaultHost` stands in where an HTTP/1.0 client names no host: the address has chosen the service. */
  { readonly kind: 'client'; readonly defaultHost: string } | { readonly kind: 'server' };

/**
 * The HTTP connection manager as a network filter (as OSM). Routes come by RDS, so that policy changes touch no
 * listener: a changed listener drains its connections. Servers have the RBAC filter in every mode for the same reason.
 *
 * What two programs can say to each other without a mesh they can say with it: HTTP/1.0 (OSM: 426), trailers of HTTP/1.1 (OSM:
 * dropped), "Expect: 100-continue" that the server decides (OSM: the proxy), and a stream may be quiet for as long as it likes (OSM: cut
 * after 5 minutes; peers that are gone are found by TCP keepalive).
 */
export function httpConnectionManager(options: {
  readonly side: HttpSide;
  readonly statPrefix: string;
  readonly routeConfigName: string;
}) {
  const { side } = options;
  const manager = HttpConnectionManager.fromPartial({
    statPrefix: options.statPrefix,
    routeSpecifier: {
      $case: 'rds',
      value: { configSource: overAds, routeConfigName: options.routeConfigName },
    },
    httpFilters: side.kind === 'server' ? [rbac, routerFilter] : [routerFilter],
    httpProtocolOptions:
      side.kind === 'server'
        ? http1Options
        : { ...http1Options, acceptHttp10: true, defaultHostForHttp10: side.defaultHost },
    http2ProtocolOptions: http2Options,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    proxy100Continue: true,
    streamIdleTimeout: {},
    accessLog,
  });
  return networkFilter('http', packAny(HttpConnectionManager, manager));
}

/** A network filter; Envoy finds the extension by the type inside. */
export function networkFilter(name: string, value: Any) {
  return { name, configType: { $case: 'typedConfig' as const, value } };
}
