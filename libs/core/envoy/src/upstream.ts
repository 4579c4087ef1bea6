import type { UpstreamPolicy } from '@osm/policy';
import { Cluster, Cluster_DiscoveryType, ClusterLoadAssignment } from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { asDownstream, noLimits } from './cluster-options.ts';
import { overAds } from './config-source.ts';
import { upstreamClusterName } from './names.ts';
import { assemble, type Emitted } from './part.ts';
import { upstreamTls } from './tls.ts';

/**
 * An upstream as a cluster and its endpoints: two resources, so that a pod that comes or goes changes the small one only (as OSM).
 */
export function emitUpstream(unit: UpstreamPolicy, previous?: Emitted): Emitted {
  const name = upstreamClusterName(unit.service, unit.targetPort);
  const { sni, serverPrincipals, tls, endpoints } = unit;
  return assemble(
    [
      {
        type: 'cluster',
        name,
        from: { sni, serverPrincipals, tls },
        make: () => ({ type: 'cluster', message: upstreamCluster(name, unit) }),
      },
      {
        type: 'endpoint',
        name,
        from: endpoints,
        make: () => ({ type: 'endpoint', message: loadAssignment(name, endpoints) }),
      },
    ],
    [],
    previous,
  );
}

function upstreamCluster(name: string, unit: UpstreamPolicy): Cluster {
  return Cluster.fromPartial({
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: overAds },
    circuitBreakers: noLimits,
    typedExtensionProtocolOptions: asDownstream,
    transportSocket: upstreamTls(unit),
  });
}

function loadAssignment(
  clusterName: string,
  endpoints: UpstreamPolicy['endpoints'],
): ClusterLoadAssignment {
  const lbEndpoints = endpoints.map(({ ip, port }) => ({
    hostIdentifier: { $case: 'endpoint' as const, value: { address: socketAddress(ip, port) } },
  }));
  return ClusterLoadAssignment.fromPartial({
    clusterName,
    endpoints: lbEndpoints.length === 0 ? [] : [{ locality: { zone: 'local' }, lbEndpoints }],
  });
}
