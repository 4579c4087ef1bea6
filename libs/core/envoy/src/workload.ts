import type { ScopePolicy, WorkloadPolicy } from '@osm/policy';
import { compareText } from '@osm/prelude';
import { asDownstreamBriefly } from './cluster-options.ts';
import { inboundParts } from './inbound.ts';
import { loopbackCluster } from './loopback-cluster.ts';
import { metricsParts } from './metrics-listener.ts';
import { localClusterName } from './names.ts';
import { assemble, type Emitted, type Part } from './part.ts';

/** What the pods of one identity, behind the same services, have for themselves; everything else is included. */
export function emitWorkload(unit: WorkloadPolicy, previous?: Emitted): Emitted {
  const parts = [
    ...inboundParts(unit),
    ...localClusterParts(unit),
    ...(unit.metrics ? metricsParts : []),
  ];
  return assemble(parts, includesOf(unit), previous);
}

/** The scope of permissive mode: no resources of its own, all outbound units of the mesh. Shared by all workloads. */
export function emitScope(unit: ScopePolicy, previous?: Emitted): Emitted {
  return assemble([], unit.units, previous);
}

/** What a workload may reach. */
export function includesOf({ outbound }: WorkloadPolicy): readonly string[] {
  switch (outbound.kind) {
    case 'nothing':
      return [];
    case 'listed':
      return [outbound.capture, ...outbound.units].sort(compareText);
    case 'permissive':
      return [outbound.capture, outbound.scope].sort(compareText);
    case 'by-name':
      return outbound.units;
  }
}

function localClusterParts(unit: WorkloadPolicy): readonly Part[] {
  const ports = [...new Set(unit.inbound.map((port) => port.targetPort))];
  return ports.map((port) => {
    const name = localClusterName(port);
    return {
      type: 'cluster',
      name,
      from: 'local',
      make: () => ({
        type: 'cluster',
        message: loopbackCluster({ name, port, protocolOptions: asDownstreamBriefly }),
      }),
    };
  });
}
