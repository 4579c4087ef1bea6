import type { CapturePolicy } from '@osm/policy';
import {
  Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  Listener,
  TrafficDirection,
} from '@osm/proto-envoy';
import { socketAddress } from './address.ts';
import { acceptedKeptAlive, noLimits } from './cluster-options.ts';
import { exceptOnPorts, originalDst, tlsInspector } from './listener-filters.ts';
import { fixedNames, proxyPorts } from './names.ts';
import { assemble, type Emitted, type Part } from './part.ts';
import { tcpProxy } from './tcp-filters.ts';

/**
 * The listener that iptables sends the pod's outgoing connections to. It hands them to the listener on their original destination;
 * what no listener of a service takes passes through (egress) or is reset. A workload that may call nothing does not include this
 * unit, so its connections are refused (as OSM).
 */
export function emitCapture(unit: CapturePolicy, previous?: Emitted): Emitted {
  const { egress, serverFirstPorts } = unit;
  const parts = egress
    ? [captureListener({ kind: 'pass', serverFirstPorts }), passthroughCluster]
    : [captureListener({ kind: 'reset', serverFirstPorts })];
  return assemble(parts, [], previous);
}

/** What happens to connections that no service takes. */
interface Rest {
  readonly kind: 'pass' | 'reset';
  readonly serverFirstPorts: readonly number[];
}

function captureListener(rest: Rest): Part {
  return {
    type: 'listener',
    name: fixedNames.outboundListener,
    from: rest,
    make: () => ({
      type: 'listener',
      message: Listener.fromPartial({
        name: fixedNames.outboundListener,
        address: socketAddress('0.0.0.0', proxyPorts.outbound),
        trafficDirection: TrafficDirection.OUTBOUND,
        useOriginalDst: true,
        socketOptions: acceptedKeptAlive,
        ...waitForFirstBytes(rest.serverFirstPorts),
        ...(rest.kind === 'pass'
          ? { defaultFilterChain: passChain }
          : // A chain without filters closes what it gets.
            { filterChains: [{ filters: [] }] }),
      }),
    }),
  };
}

const passChain = {
  name: 'outbound-egress-filter-chain',
  filters: [
    tcpProxy(`egress-tcp-proxy.${fixedNames.passthroughCluster}`, [
      { name: fixedNames.passthroughCluster, weight: 1 },
    ]),
  ],
};

/**
 * Waits a moment for the client's first bytes, without reading them, before it decides: closing a connection with unread bytes resets
 * it, which is what clients of OSM see (curl: 56), also where a connection passes through to an address that refuses it; closed earlier
 * they would see an empty reply. When the moment is over a silent client is let through, or closed. On ports where the server speaks
 * first there is nothing to wait for.
 */
function waitForFirstBytes(serverFirstPorts: readonly number[]) {
  return {
    listenerFilters: [originalDst, exceptOnPorts(tlsInspector, serverFirstPorts)],
    listenerFiltersTimeout: { seconds: 0, nanos: 50_000_000 },
    continueOnListenerFiltersTimeout: true,
  };
}

const passthroughCluster: Part = {
  type: 'cluster',
  name: fixedNames.passthroughCluster,
  from: 'passthrough',
  make: () => ({
    type: 'cluster',
    message: Cluster.fromPartial({
      name: fixedNames.passthroughCluster,
      clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
      lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
      circuitBreakers: noLimits,
    }),
  }),
};
