import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@osm/proto-envoy/discovery';
import type { Protocol, StreamInput } from '@osm/xds';

/** How the requests of a protocol are read. */
export interface Dialect<Request> {
  readonly protocol: Protocol;
  /** `node.id`; Envoy says it in the first request only. */
  readonly nodeId: (request: Request) => string;
  readonly typeUrl: (request: Request) => string;
  readonly input: (request: Request) => StreamInput;
}

export const deltaDialect: Dialect<DeltaDiscoveryRequest> = {
  protocol: 'delta',
  nodeId: (request) => request.node?.id ?? '',
  typeUrl: (request) => request.typeUrl,
  input: (request) => ({ kind: 'delta-request', request }),
};

export const sotwDialect: Dialect<DiscoveryRequest> = {
  protocol: 'sotw',
  nodeId: (request) => request.node?.id ?? '',
  typeUrl: (request) => request.typeUrl,
  input: (request) => ({ kind: 'sotw-request', request }),
};
