import { HttpConnectionManager, HttpRbac, packAny, Router, type Any } from '@osm/proto-envoy';
import { accessLog } from './access-log.ts';
import { overAds } from './config-source.ts';

/** The name under which routes configure the RBAC filter. */
export const httpRbacFilter = 'rbac';

export const routerFilter = httpFilter('router', packAny(Router, Router.fromPartial({})));
/** Does nothing by itself: route configurations say who may pass. */
const rbac = httpFilter(httpRbacFilter, packAny(HttpRbac, HttpRbac.fromPartial({})));

function httpFilter(name: string, value: Any) {
  return { name, configType: { $case: 'typedConfig' as const, value } };
}

/**
 * The HTTP connection manager as a network filter (as OSM). Routes come by RDS, so that policy changes touch no
 * listener: a changed listener drains its connections. Servers have the RBAC filter in every mode for the same reason.
 */
export function httpConnectionManager(options: {
  readonly side: 'client' | 'server';
  readonly statPrefix: string;
  readonly routeConfigName: string;
}) {
  const manager = HttpConnectionManager.fromPartial({
    statPrefix: options.statPrefix,
    routeSpecifier: {
      $case: 'rds',
      value: { configSource: overAds, routeConfigName: options.routeConfigName },
    },
    httpFilters: options.side === 'server' ? [rbac, routerFilter] : [routerFilter],
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    accessLog,
  });
  return networkFilter('http', packAny(HttpConnectionManager, manager));
}

/** A network filter; Envoy finds the extension by the type inside. */
export function networkFilter(name: string, value: Any) {
  return { name, configType: { $case: 'typedConfig' as const, value } };
}
