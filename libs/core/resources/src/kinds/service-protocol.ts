import { wellKnownServerFirstPorts } from '@osm/model';

/** What the mesh makes of a port's protocol. */
export interface ServiceProtocol {
  /** http, grpc, tcp, tcp-server-first; anything else has no meaning to the mesh. */
  readonly protocol: string;
  readonly note:
    'none' | 'tls_as_tcp' | 'tls_undeclared' | 'unknown_protocol' | 'protocol_inferred';
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

/** Protocols in which the server speaks first, by the names of IANA and of everyday life. */
const serverFirst = new Set([
  ...['ftp', 'imap', 'mariadb', 'mysql', 'nats', 'nntp', 'pop3', 'rfb', 'rsync', 'smtp', 'ssh'],
  ...['submission', 'telnet', 'vnc'],
]);

/** Protocols over TCP in which the client speaks first; those that end in s are TLS from the first byte on. */
const clientFirst = new Set([
  ...['amqp', 'amqps', 'cassandra', 'cql', 'ftps', 'imaps', 'kafka', 'ldap', 'ldaps', 'memcache'],
  ...['memcached', 'mongo', 'mongodb', 'mqtt', 'mqtts', 'ms-sql-s', 'mssql', 'pop3s', 'postgres'],
  ...['postgresql', 'redis', 'rediss', 'smtps', 'zookeeper'],
]);

/** Names of ports that speak HTTP on whatever number. */
const httpNames = new Set(['http', 'http2', 'https', 'h2c', 'grpc', 'grpc-web', 'ws', 'web']);

/** Names that promise TLS of the application. */
const tlsName = /^(https|tls|wss|grpcs)(-|$)/;

/** Port numbers on which nobody serves HTTP. */
const serverFirstPorts = new Set(wellKnownServerFirstPorts);
const clientFirstPorts = new Set([5432, 6379, 11_211, 27_017]);

const prefixes = ['tcp-server-first-', 'http-', 'tcp-', 'grpc-'] as const;

/** What of a service port tells its protocol. */
export interface PortSigns {
  readonly appProtocol: string;
  /** The port's name. */
  readonly name: string;
  readonly port: number;
}

/**
 * The protocol of a service port: appProtocol wins, then the prefix of the port's name (dash included: a port named `tcp` is
 * HTTP), as in OSM; capitals are read as small letters, which OSM did not for TCP. A port that has neither is HTTP in OSM. Here the
 * whole name (`mysql`), then the number (3306) may tell a well-known protocol, for which HTTP could never work. And TCP on the
 * number of a server-first protocol is that: nobody waits for the client there.
 */
export function serviceProtocol(signs: PortSigns): ServiceProtocol {
  const said = declared(signs);
  if (said === undefined) return inferred(signs);
  const isServerFirst = said.protocol === 'tcp' && serverFirstPorts.has(signs.port);
  return isServerFirst && said.note === 'none' ? { ...said, protocol: 'tcp-server-first' } : said;
}

function declared({ appProtocol, name }: PortSigns): ServiceProtocol | undefined {
  if (appProtocol === '') {
    const prefix = prefixes.find((candidate) => name.startsWith(candidate));
    return prefix === undefined ? undefined : { protocol: prefix.slice(0, -1), note: 'none' };
  }
  const lower = appProtocol.toLowerCase();
  if (tls.has(lower)) return { protocol: 'tcp', note: 'tls_as_tcp' };
  const protocol = (Object.hasOwn(known, lower) ? known[lower] : undefined) ?? wellKnown(lower);
  return protocol === undefined
    ? { protocol: appProtocol, note: 'unknown_protocol' }
    : { protocol, note: 'none' };
}

function inferred({ name, port }: PortSigns): ServiceProtocol {
  const lower = name.toLowerCase();
  const protocol = wellKnown(lower) ?? (httpNames.has(lower) ? undefined : byNumber(port));
  if (protocol !== undefined) return { protocol, note: 'protocol_inferred' };
  // Plain HTTP behind such a name worked in OSM, so it remains HTTP.
  return { protocol: 'http', note: tlsName.test(lower) ? 'tls_undeclared' : 'none' };
}

function wellKnown(name: string): string | undefined {
  if (serverFirst.has(name)) return 'tcp-server-first';
  return clientFirst.has(name) ? 'tcp' : undefined;
}

function byNumber(port: number): string | undefined {
  if (serverFirstPorts.has(port)) return 'tcp-server-first';
  return clientFirstPorts.has(port) ? 'tcp' : undefined;
}
