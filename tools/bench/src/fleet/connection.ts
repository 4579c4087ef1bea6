import { connect, type ClientHttp2Stream } from 'node:http2';
import { createSecureContext, type SecureContext } from 'node:tls';
import { createMessageReader, frameMessage } from './message-reader.ts';
import type { ProxyIdentity } from './messages.ts';

/** A bidirectional gRPC stream on a TCP and TLS connection of its own. */
export interface Connection {
  readonly send: (message: Uint8Array) => void;
}

export interface ConnectionOptions {
  /** host:port */
  readonly address: string;
  /** Name in the server's certificate. */
  readonly serverName: string;
  /** gRPC method path. */
  readonly method: string;
  /** Undefined: without TLS, for specs. */
  readonly credentials: SecureContext | undefined;
  readonly onMessage: (message: Buffer) => void;
  /** The stream ended, and with it the connection. */
  readonly onEnd: (problem: string) => void;
}

/** Envoy's default window: large enough that a proxy never stalls its server by flow control while it reads. */
const windowBytes = 16 * 1024 * 1024;

/** Client credentials of one proxy. Made before the clock starts: a real proxy has loaded its files by then. */
export function createCredentials(rootsPem: string, identity: ProxyIdentity): SecureContext {
  return createSecureContext({ ca: rootsPem, key: identity.keyPem, cert: identity.chainPem });
}

/**
 * Opens one connection and one stream on it. Speaks gRPC over HTTP/2 by itself: a thousand clients of a gRPC library would take
 * more of the machine than the services that are measured.
 */
export function openConnection(options: ConnectionOptions): Connection {
  let ended = false;
  const { credentials } = options;
  const session = connect(`${credentials === undefined ? 'http' : 'https'}://${options.address}`, {
    ...(credentials === undefined ? {} : { secureContext: credentials }),
    servername: options.serverName,
    settings: { initialWindowSize: windowBytes, enablePush: false },
  });
  const end = (problem: string): void => {
    if (ended) return;
    ended = true;
    session.destroy();
    options.onEnd(problem);
  };
  session.on('error', (error) => end(error.message));
  session.on('close', () => end('the connection was closed'));
  session.once('connect', () => session.setLocalWindowSize(windowBytes));
  const stream: ClientHttp2Stream = session.request(
    {
      ':method': 'POST',
      ':path': options.method,
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    { endStream: false },
  );
  const reader = createMessageReader(options.onMessage);
  stream.on('data', reader.push);
  stream.on('error', (error: Error) => end(error.message));
  stream.on('trailers', (trailers) =>
    end(`status ${trailers['grpc-status']}: ${trailers['grpc-message'] ?? ''}`),
  );
  stream.on('end', () => end('the server ended the stream'));
  return {
    send: (message) => {
      stream.write(frameMessage(message));
    },
  };
}
