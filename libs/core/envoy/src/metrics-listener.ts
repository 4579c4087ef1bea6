import { HttpConnectionManager, Listener, packAny, TrafficDirection } from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { networkFilter, routerFilter } from './http-filters.ts';
import { loopbackCluster } from './loopback-cluster.ts';
import { fixedNames, proxyPorts } from './names.ts';
import type { Part } from './part.ts';

const statsPath = '/stats/prometheus';

/** Envoy's own metrics for Prometheus, in plain text on 15010 (as OSM). Only this path: the admin interface stays inside. */
export const metricsParts: readonly Part[] = [
  {
    type: 'listener',
    name: fixedNames.metricsListener,
    from: 'metrics',
    make: () => ({
      type: 'listener',
      message: Listener.fromPartial({
        name: fixedNames.metricsListener,
        address: socketAddress('0.0.0.0', proxyPorts.metrics),
        trafficDirection: TrafficDirection.INBOUND,
        filterChains: [
          { filters: [networkFilter('http', packAny(HttpConnectionManager, manager()))] },
        ],
      }),
    }),
  },
  {
    type: 'cluster',
    name: fixedNames.metricsCluster,
    from: 'metrics',
    make: () => ({
      type: 'cluster',
      message: loopbackCluster({ name: fixedNames.metricsCluster, port: proxyPorts.admin }),
    }),
  },
];

function manager(): HttpConnectionManager {
  return HttpConnectionManager.fromPartial({
    statPrefix: 'prometheus-http-conn-manager',
    httpFilters: [routerFilter],
    routeSpecifier: {
      $case: 'routeConfig',
      value: {
        name: fixedNames.metricsListener,
        virtualHosts: [
          {
            name: 'prometheus-inbound-virtual-host',
            domains: ['*'],
            routes: [
              {
                match: { pathSpecifier: { $case: 'prefix', value: statsPath } },
                action: {
                  $case: 'route',
                  value: {
                    clusterSpecifier: { $case: 'cluster', value: fixedNames.metricsCluster },
                    prefixRewrite: statsPath,
                  },
                },
              },
            ],
          },
        ],
      },
    },
  });
}
