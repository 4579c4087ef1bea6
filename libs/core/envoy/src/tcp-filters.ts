import { packAny, SetFilterState, TcpProxy } from '@osm/proto-envoy';
import { accessLog } from './access-log.ts';
import { networkFilter } from './http-filters.ts';
import { clientAlpn, meshAlpn } from './names.ts';

interface WeightedCluster {
  readonly name: string;
  /** Above 0: Envoy refuses a listener with a weight of 0. */
  readonly weight: number;
}

/** Passes bytes on to one of the clusters (as OSM), however long nobody says anything (OSM: for an hour). */
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
        idleTimeout: { seconds: 0, nanos: 0 },
        accessLog,
      }),
    ),
  );
}

/**
 * Makes the connection to the server offer the client's name as ALPN, by which the server chooses the client's own filter chain. The
 * listener is the same for all clients, so the name is taken from the environment that every injected sidecar has.
 */
export function offerClientName(trustDomain: string) {
  const principal = `%ENVIRONMENT(SERVICE_ACCOUNT)%.%ENVIRONMENT(POD_NAMESPACE)%.${trustDomain}`;
  const offered = [clientAlpn(principal), meshAlpn].join(',');
  const state = SetFilterState.fromPartial({
    onNewConnection: [
      {
        key: { $case: 'objectKey', value: 'envoy.network.application_protocols' },
        value: {
          $case: 'formatString',
          value: {
            format: {
              $case: 'textFormatSource',
              value: { specifier: { $case: 'inlineString', value: offered } },
            },
          },
        },
      },
    ],
  });
  return networkFilter('set_filter_state', packAny(SetFilterState, state));
}
