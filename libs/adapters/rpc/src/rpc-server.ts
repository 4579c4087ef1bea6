import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { MeshError } from '@osm/prelude';
import { wrapCall, type BidiStream } from './bidi-stream.ts';
import { asBuffer } from './raw-bytes.ts';
import type { LiveTls } from './tls-identity.ts';

/** A bidirectional method: requests are decoded, responses are bytes. */
export interface BidiMethod {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly register: (add: AddMethod) => void;
}

type AddMethod = <Request>(
  decode: (bytes: Uint8Array) => Request,
  open: (stream: BidiStream<Request>) => void,
) => void;

/** Describes a method; `open` is called for every new call. */
export function bidiMethod<Request>(
  path: string,
  codec: { readonly decode: (bytes: Uint8Array) => Request },
  open: (stream: BidiStream<Request>) => void,
): BidiMethod {
  return { path, register: (add) => add((bytes) => codec.decode(bytes), open) };
}

/** Where to listen, and what to answer. */
export interface RpcServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly tls: LiveTls;
  readonly methods: readonly BidiMethod[];
  readonly limits?: {
    /** Calls on one connection. */
    readonly streamsPerConnectionMax?: number;
    readonly requestBytesMax?: number;
    /** Open connections; one more is closed at once, and its client tries again, here or elsewhere. */
    readonly connectionsMax?: number;
  };
  /** Told of every connection that was one too many. */
  readonly onConnectionRefused?: () => void;
}

/** A server that listens. */
export interface RpcServer {
  readonly port: number;
  /** Stops listening and tells clients to go; calls that are open go on until they end or `forceClose`. */
  readonly stopAccepting: () => void;
  readonly close: () => void;
}

const keepaliveMs = 60_000;
const keepaliveTimeoutMs = 20_000;
/** The kernel's limit is mostly the same (net.core.somaxconn). */
const waitingConnectionsMax = 4096;
const connectionsMaxDefault = 20_000;

/** Listens for gRPC over mutual TLS. Throws a MeshError when it cannot. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.max_concurrent_streams': options.limits?.streamsPerConnectionMax ?? 16,
    'grpc.max_receive_message_length': options.limits?.requestBytesMax ?? 4 * 1024 * 1024,
  });
  for (const method of options.methods) register(server, method);
  const listener = await listen(server, options);
  return {
    port: (listener.address() as AddressInfo).port,
    stopAccepting: () => {
      listener.close();
      server.tryShutdown(() => undefined);
    },
    close: () => {
      listener.close();
      server.forceShutdown();
    },
  };
}

function register(server: Server, method: BidiMethod): void {
  const add: AddMethod = <Request>(
    decode: (bytes: Uint8Array) => Request,
    open: (stream: BidiStream<Request>) => void,
  ) => {
    const handle = (call: ServerDuplexStream<Request, Uint8Array>): void => open(wrapCall(call));
    server.register<Request, Uint8Array>(method.path, handle, asBuffer, decode, 'bidi');
  };
  method.register(add);
}

/**
 * Listens by itself instead of through grpc-js, whose queue of connections holds 511: when a server is replaced, all proxies
 * connect at once, and those beyond the queue would try again only after a second.
 */
function listen(server: Server, options: RpcServerOptions): Promise<NetServer> {
  const { host, port, tls, limits, onConnectionRefused = () => undefined } = options;
  const { injectConnection } = server.createConnectionInjector(tls.credentials);
  const listener = createServer({ noDelay: true }, injectConnection);
  listener.maxConnections = limits?.connectionsMax ?? connectionsMaxDefault;
  listener.on('drop', onConnectionRefused);
  return new Promise((resolve, reject) => {
    // Also later ones (no file descriptors left): they concern one connection, not the server.
    listener.on('error', (cause) =>
      reject(new MeshError('io', `cannot listen on ${host}:${port} (gRPC)`, { cause })),
    );
    listener.listen({ host, port, backlog: waitingConnectionsMax }, () => resolve(listener));
  });
}
