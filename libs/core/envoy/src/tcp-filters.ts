import { packAny, TcpProxy } from '@osm/proto-envoy';
import { accessLog } from './access-log.ts';
import { networkFilter } from './http-filters.ts';

interface WeightedCluster {
  readonly name: string;
  /** Above 0: Envoy refuses a listener with a weight of 0. */
  readonly weight: number;
}

/** Passes bytes on to one of the clusters (as OSM). */
export function tcpProxy(
  statPrefix: string,
  clusters: readonly [WeightedCluster, ...WeightedCluster[]],
) {
  const [only, ...others] = clusters;
  return networkFilter(
    'tcp_proxy',
    packAny(
      TcpProxy,
      TcpProxy.fromPartial({
        statPrefix,
        clusterSpecifier:
          others.length === 0
            ? { $case: 'cluster', value: only.name }
            : { $case: 'weightedClusters', value: { clusters: [only, ...others] } },
        accessLog,
      }),
    ),
  );
}
