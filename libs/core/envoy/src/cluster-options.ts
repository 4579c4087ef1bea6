import { CircuitBreakers, HttpProtocolOptions, packAny } from '@osm/proto-envoy';

const unlimited = 4_294_967_295;

/** No limits, as OSM has it: Envoy's own defaults would answer 503 from 1,024 requests on. */
export const noLimits: CircuitBreakers = CircuitBreakers.fromPartial({
  thresholds: [
    {
      maxConnections: unlimited,
      maxPendingRequests: unlimited,
      maxRequests: unlimited,
      maxRetries: unlimited,
    },
  ],
});

const downstreamProtocol = packAny(
  HttpProtocolOptions,
  HttpProtocolOptions.fromPartial({
    upstreamProtocolOptions: {
      $case: 'useDownstreamProtocolConfig',
      value: { http2ProtocolOptions: {} },
    },
  }),
);

/** Speaks HTTP/1 or HTTP/2 to the server, whichever the client spoke; that is all that gRPC needs. */
export const asDownstream: Readonly<Record<string, typeof downstreamProtocol>> = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': downstreamProtocol,
};
