import { Cluster, type Any } from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { noLimits } from './cluster-options.ts';

/** A cluster of one address on the pod's loopback (as OSM). */
export function loopbackCluster(options: {
  readonly name: string;
  readonly port: number;
  readonly protocolOptions?: Readonly<Record<string, Any>>;
}): Cluster {
  const address = socketAddress('127.0.0.1', options.port);
  return Cluster.fromPartial({
    name: options.name,
    circuitBreakers: noLimits,
    typedExtensionProtocolOptions: { ...options.protocolOptions },
    loadAssignment: {
      clusterName: options.name,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { $case: 'endpoint', value: { address } } }] }],
    },
  });
}
