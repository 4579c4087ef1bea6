import { createSecureContext } from 'node:tls';
import {
  Client,
  Metadata,
  credentials as grpcCredentials,
  type ChannelCredentials,
  type ClientDuplexStream,
} from '@grpc/grpc-js';
import type { ProxyIdentity } from './messages.ts';

/** A bidirectional stream on a TCP and TLS connection of its own. */
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
  readonly credentials: ChannelCredentials;
  readonly onMessage: (message: Buffer) => void;
  /** The stream ended, and with it the connection. */
  readonly onEnd: (problem: string) => void;
}

/** Envoy's default window: large enough that a proxy never stalls its server by flow control while it reads. */
const flowControlWindowBytes = 16 * 1024 * 1024;

/** Client credentials of one proxy. Made before the clock starts: a real proxy has loaded its files by then. */
export function createCredentials(rootsPem: string, identity: ProxyIdentity): ChannelCredentials {
  return grpcCredentials.createFromSecureContext(
    createSecureContext({ ca: rootsPem, key: identity.keyPem, cert: identity.chainPem }),
  );
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Opens one connection and one stream on it. Never shares a connection with another call of this function. */
export function openConnection(options: ConnectionOptions): Connection {
  const client = new Client(options.address, options.credentials, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.ssl_target_name_override': options.serverName,
    'grpc.max_receive_message_length': -1,
    'grpc-node.flow_control_window': flowControlWindowBytes,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  });
  let closed = false;
  const stream: ClientDuplexStream<Uint8Array, Buffer> = client.makeBidiStreamRequest(
    options.method,
    asBuffer,
    (message) => message,
    new Metadata({ waitForReady: false }),
  );
  const end = (problem: string): void => {
    if (closed) return;
    closed = true;
    client.close();
    options.onEnd(problem);
  };
  stream.on('data', options.onMessage);
  stream.on('error', (error: Error) => end(error.message));
  stream.on('end', () => end('the server ended the stream'));
  return {
    send: (message) => {
      stream.write(message);
    },
  };
}
