import { CircuitBreakers, HttpProtocolOptions, packAny, SocketOption } from '@osm/proto-envoy';

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

/**
 * A connection may be silent for as long as it likes, but not after its other end has gone without a word: probed after a minute, given
 * up after two.
 */
export const keptAlive = {
  tcpKeepalive: { keepaliveTime: 60, keepaliveInterval: 10, keepaliveProbes: 6 },
} as const;

/** The same for connections that a listener accepts: they inherit its socket options (socket(7), tcp(7)). */
export const acceptedKeptAlive: SocketOption[] = [
  socketOption('SO_KEEPALIVE', { level: 1, name: 9 }, 1),
  socketOption('TCP_KEEPIDLE', { level: 6, name: 4 }, keptAlive.tcpKeepalive.keepaliveTime),
  socketOption('TCP_KEEPINTVL', { level: 6, name: 5 }, keptAlive.tcpKeepalive.keepaliveInterval),
  socketOption('TCP_KEEPCNT', { level: 6, name: 6 }, keptAlive.tcpKeepalive.keepaliveProbes),
];

function socketOption(
  description: string,
  { level, name }: { readonly level: number; readonly name: number },
  value: number,
): SocketOption {
  return SocketOption.fromPartial({
    description,
    level,
    name,
    value: { $case: 'intValue', value },
  });
}

/** HTTP/1 towards clients and towards servers: trailers pass. */
export const http1Options = { enableTrailers: true } as const;

/**
 * HTTP/2 towards clients and towards servers: so many bytes may be on their way to a reader that does not read. With Envoy's own 16 MiB
 * a stream, of 24 MiB a connection, two such readers stop all other streams that share a connection between two sidecars. Bytes.
 */
export const http2Options = {
  initialStreamWindowSize: 1_048_576,
  initialConnectionWindowSize: 67_108_864,
} as const;

const sameProtocol = {
  $case: 'useDownstreamProtocolConfig' as const,
  value: { httpProtocolOptions: http1Options, http2ProtocolOptions: http2Options },
};

function protocolOptions(options: Parameters<typeof HttpProtocolOptions.fromPartial>[0]) {
  const packed = packAny(HttpProtocolOptions, HttpProtocolOptions.fromPartial(options));
  return { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': packed } as const;
}

/** Speaks HTTP/1 or HTTP/2 to the server, whichever the client spoke; that is all that gRPC needs. */
export const asDownstream = protocolOptions({ upstreamProtocolOptions: sameProtocol });

/**
 * The same towards the pod's own application. Connections that nobody uses for a second are closed, before the application closes them:
 * a request that meets its closing would be lost (503).
 */
export const asDownstreamBriefly = protocolOptions({
  upstreamProtocolOptions: sameProtocol,
  commonHttpProtocolOptions: { idleTimeout: { seconds: 1 } },
});
