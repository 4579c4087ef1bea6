import { isIP } from 'node:net';
import { MeshError } from '@osm/prelude';

/** Where the servers are, and whether they are spoken to by TLS. */
export interface NatsAddresses {
  /** As the client wants them, `host:port` each. */
  readonly servers: readonly string[];
  /** The hosts by themselves: the server's certificate must be for one of them. */
  readonly hosts: readonly string[];
  readonly secure: boolean;
}

const address =
  /^(?<scheme>nats|tls):\/\/(?<host>\[[0-9a-fA-F:.]+\]|[^\s:/[\]@]+)(:(?<port>\d{1,5}))?\/?$/;
const portDefault = '4222';

/**
 * Reads `--nats-url`: addresses with commas between them, all `tls://` or all `nats://`. Plain text is for this machine only, unless
 * `plaintext` says that the network is one where nobody listens. Throws `invalid_config` with the remedy.
 */
export function parseNatsAddresses(url: string, plaintext: boolean): NatsAddresses {
  const parsed = url
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map(parseOne);
  if (parsed.length === 0) throw wrong('--nats-url names no server: for example tls://nats:4222');
  const secure = parsed.filter(({ scheme }) => scheme === 'tls');
  if (secure.length > 0 && secure.length < parsed.length)
    throw wrong(`--nats-url ${url} mixes tls:// and nats://: write all of them as tls://`);
  const away = parsed.find(({ host, scheme }) => scheme === 'nats' && !isLoopback(host));
  if (away !== undefined && !plaintext)
    throw wrong(
      `--nats-url ${away.text} would speak plain text to another machine: write tls://${away.server} and give --nats-ca, ` +
        'or --nats-plaintext true where nobody else is on the network',
    );
  return {
    servers: parsed.map(({ server }) => server),
    hosts: [...new Set(parsed.map(({ host }) => host))],
    secure: secure.length > 0,
  };
}

function parseOne(text: string) {
  const { scheme, host, port = portDefault } = address.exec(text)?.groups ?? {};
  if (scheme === undefined || host === undefined || Number(port) > 65_535)
    throw wrong(`--nats-url "${text}" is no address of a server: write tls://HOST:PORT`);
  return { text, scheme, host: host.replace(/^\[|\]$/g, ''), server: `${host}:${port}` };
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost';
}

function wrong(message: string): MeshError {
  return new MeshError('invalid_config', message);
}
