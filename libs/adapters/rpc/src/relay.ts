import { chmod, rm } from 'node:fs/promises';
import {
  Server,
  ServerCredentials,
  type ClientDuplexStream,
  type ServerDuplexStream,
  type StatusObject,
} from '@grpc/grpc-js';
import { MeshError } from '@osm/prelude';
import { asBuffer } from './raw-bytes.ts';
import type { RpcClient } from './rpc-client.ts';

/** Between whom calls are passed on. */
export interface RelayOptions {
  /** Path of the Unix socket. What lies there is replaced. */
  readonly socket: string;
  /** Methods that are passed on: `/package.Service/Method`, bidirectional. */
  readonly paths: readonly string[];
  readonly upstream: RpcClient;
}

/** Calls that come in by a Unix socket go out over the client's TLS, message by message, unread. */
export interface Relay {
  readonly close: () => void;
}

/**
 * Starts a relay, for programs that cannot speak mutual TLS to the server themselves. Whoever can open the socket speaks with the client's
 * certificate: its directory decides who that is. Throws a MeshError when it cannot listen.
 */
export async function startRelay({ socket, paths, upstream }: RelayOptions): Promise<Relay> {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const identity = (bytes: Buffer): Uint8Array => bytes;
  for (const path of paths) {
    const handle = (call: ServerDuplexStream<Uint8Array, Uint8Array>): void =>
      relay(call, upstream, path);
    server.register(path, handle, asBuffer, identity, 'bidi');
  }
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (cause) =>
      cause === null
        ? resolve()
        : reject(new MeshError('io', `cannot listen on ${socket}`, { cause })),
    );
  });
  // The application runs as whatever user its image says.
  await chmod(socket, 0o666);
  return { close: () => server.forceShutdown() };
}

function relay(
  call: ServerDuplexStream<Uint8Array, Uint8Array>,
  upstream: RpcClient,
  path: string,
): void {
  const out = upstream.openRaw(path);
  call.on('error', () => undefined); // followed by cancelled or close
  call.on('cancelled', () => out.cancel());
  out.on('status', ({ code, details }: StatusObject) => {
    if (call.destroyed || call.cancelled) return;
    if (code === 0) call.end();
    else call.emit('error', { code, details });
  });
  call.on('end', () => out.end());
  pump(call, out);
  pump(out, call);
}

/** Passes messages on, as fast as the other side takes them. */
function pump(
  from: ClientDuplexStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>,
  to: ClientDuplexStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>,
): void {
  from.on('data', (message: Uint8Array) => {
    if (to.write(message)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
}
