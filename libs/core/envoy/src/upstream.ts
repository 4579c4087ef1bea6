import type { UpstreamPolicy } from '@osm/policy';
import {
  Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterLoadAssignment,
} from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { asDownstream, keptAlive, noLimits } from './cluster-options.ts';
import { overAds } from './config-source.ts';
import { dialledClusterName, upstreamClusterName } from './names.ts';
import { assemble, type Emitted } from './part.ts';
import { upstreamTls } from './tls.ts';

/**
 * An upstream as a cluster and its endpoints: two resources, so that a pod that comes or goes changes the small one only (as OSM).
 */
export function emitUpstream(unit: UpstreamPolicy, previous?: Emitted): Emitted {
  return unit.choice === 'client' ? emitDialled(unit, previous) : emitBalanced(unit, previous);
}

function emitBalanced(unit: UpstreamPolicy, previous?: Emitted): Emitted {
  const name = upstreamClusterName(unit.service, unit.targetPort);
  const { sni, serverPrincipals, tls, endpoints, hasProxylessServers } = unit;
  return assemble(
    [
      {
        type: 'cluster',
        name,
        from: { sni, serverPrincipals, tls, hasProxylessServers },
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

/** The endpoint is the address that the connection was made for: a pod that comes or goes changes nothing. */
function emitDialled(unit: UpstreamPolicy, previous?: Emitted): Emitted {
  const { service, targetPort, sni, serverPrincipals, tls } = unit;
  const name = dialledClusterName(service, targetPort);
  const make = () => ({
    type: 'cluster' as const,
    message: Cluster.fromPartial({
      name,
      clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
      lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
      lbConfig: { $case: 'originalDstLbConfig', value: { upstreamPortOverride: targetPort } },
      circuitBreakers: noLimits,
      upstreamConnectionOptions: keptAlive,
      transportSocket: upstreamTls(unit),
    }),
  });
  const from = { targetPort, sni, serverPrincipals, tls };
  return assemble([{ type: 'cluster', name, from, make }], [], previous);
}

function upstreamCluster(name: string, unit: UpstreamPolicy): Cluster {
  return Cluster.fromPartial({
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: overAds },
    circuitBreakers: noLimits,
    upstreamConnectionOptions: keptAlive,
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
