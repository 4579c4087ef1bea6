import { NetworkRbac, packAny, Policy, TcpProxy } from '@osm/proto-envoy';
import { accessLog } from './access-log.ts';
import { networkFilter } from './http-filters.ts';
import { anything, principalsOf } from './rbac.ts';

interface WeightedCluster {
  readonly name: string;
  /** Above 0: Envoy refuses a listener with a weight of 0. */
  readonly weight: number;
}

/** Passes bytes on to one of the clusters (OSM behaviour 5.11). */
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

/** Lets only these clients pass. Nobody is a policy set without policies, which denies everyone. */
export function networkRbac(principals: readonly string[]) {
  const clients = Policy.fromPartial({
    permissions: [anything],
    principals: principalsOf(principals),
  });
  const policies: Readonly<Record<string, Policy>> = principals.length === 0 ? {} : { clients };
  return networkFilter(
    'rbac',
    packAny(
      NetworkRbac,
      NetworkRbac.fromPartial({ statPrefix: 'network-', rules: { policies: { ...policies } } }),
    ),
  );
}
