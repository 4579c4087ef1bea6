/** What the mesh makes of a port's protocol. */
export interface ServiceProtocol {
  /** http, grpc, tcp, tcp-server-first; anything else has no meaning to the mesh. */
  readonly protocol: string;
  readonly note: 'none' | 'tls_as_tcp' | 'unknown_protocol';
}

const known: Readonly<Record<string, string>> = {
  http: 'http',
  http2: 'http',
  h2c: 'http',
  ws: 'http',
  'grpc-web': 'http',
  'kubernetes.io/h2c': 'http',
  'kubernetes.io/ws': 'http',
  grpc: 'grpc',
  tcp: 'tcp',
  'tcp-server-first': 'tcp-server-first',
};

// The application speaks TLS itself: the mesh carries the bytes. OSM froze every client of such a port.
const tls = new Set(['https', 'tls', 'grpcs', 'wss', 'kubernetes.io/wss']);

const prefixes = ['tcp-server-first-', 'http-', 'tcp-', 'grpc-'] as const;

/**
 * The protocol of a service port: appProtocol wins, then the prefix of the port's name (dash included: a port named `tcp` is
 * HTTP), else HTTP. As in OSM; capitals are read as small letters, which OSM did not for TCP.
 */
export function serviceProtocol(appProtocol: string, portName: string): ServiceProtocol {
  if (appProtocol === '') {
    const prefix = prefixes.find((candidate) => portName.startsWith(candidate));
    return { protocol: prefix === undefined ? 'http' : prefix.slice(0, -1), note: 'none' };
  }
  const lower = appProtocol.toLowerCase();
  if (tls.has(lower)) return { protocol: 'tcp', note: 'tls_as_tcp' };
  const protocol = Object.hasOwn(known, lower) ? known[lower] : undefined;
  return protocol === undefined
    ? { protocol: appProtocol, note: 'unknown_protocol' }
    : { protocol, note: 'none' };
}
