import type { UpstreamPolicy } from '@osm/policy';
import { Cluster, Cluster_DiscoveryType, ClusterLoadAssignment } from '@osm/proto-envoy';
import { socketAddress } from '../address.ts';
import { overAds } from '../config-source.ts';
import { upstreamClusterName } from '../names.ts';
import { assemble, type Emitted } from '../part.ts';
import { proxylessUpstreamTls } from './tls.ts';

/** An upstream as gRPC wants it: its own way of naming certificates, and a weight for the only locality (0 would mean: unused). */
export function emitProxylessUpstream(unit: UpstreamPolicy, previous?: Emitted): Emitted {
  const name = upstreamClusterName(unit.service, unit.targetPort);
  const { serverPrincipals, endpoints } = unit;
  return assemble(
    [
      {
        type: 'cluster',
        name,
        from: { serverPrincipals },
        make: () => ({ type: 'cluster', message: cluster(name, serverPrincipals) }),
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

function cluster(name: string, serverPrincipals: readonly string[]): Cluster {
  return Cluster.fromPartial({
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: overAds },
    transportSocket: proxylessUpstreamTls(serverPrincipals),
  });
}

function loadAssignment(
  clusterName: string,
  endpoints: UpstreamPolicy['endpoints'],
): ClusterLoadAssignment {
  const lbEndpoints = endpoints.map(({ ip, port }) => ({
    hostIdentifier: { $case: 'endpoint' as const, value: { address: socketAddress(ip, port) } },
  }));
  const locality = { zone: 'local' };
  return ClusterLoadAssignment.fromPartial({
    clusterName,
    endpoints: lbEndpoints.length === 0 ? [] : [{ locality, loadBalancingWeight: 1, lbEndpoints }],
  });
}
