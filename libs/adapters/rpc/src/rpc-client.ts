import {
  Client,
  experimental,
  Metadata,
  type ClientDuplexStream,
  type StatusObject,
} from '@grpc/grpc-js';
import { asBuffer } from './raw-bytes.ts';

/** Files of a client's certificate, and the roots that it trusts. All PEM; read again when they change. */
export interface ClientTlsFiles {
  readonly chainFile: string;
  readonly keyFile: string;
  readonly rootsFile: string;
  /** The DNS name that the server's certificate must have. */
  readonly serverName: string;
}

/** Whom to call, and with which certificate. */
export interface RpcClientOptions {
  /** Replicas of one server, `host:port`. */
  readonly addresses: readonly string[];
  readonly tls: ClientTlsFiles;
}

/** How a call ended. */
export interface CallEnd {
  readonly code: number;
  readonly message: string;
}

/** What the owner of a client's call is told. */
export interface CallEvents {
  readonly onMessage: (bytes: Uint8Array) => void;
  /** Called once, last. */
  readonly onEnd: (end: CallEnd) => void;
}

/** A bidirectional call of a client. */
export interface ClientCall {
  readonly send: (bytes: Uint8Array) => void;
  readonly cancel: () => void;
}

/** A client over mutual TLS. Each new call goes to the next of the addresses after one to the last has failed. */
export interface RpcClient {
  readonly open: (path: string, events: CallEvents) => ClientCall;
  /** The call as a stream, for a relay. */
  readonly openRaw: (path: string) => ClientDuplexStream<Uint8Array, Uint8Array>;
  readonly close: () => void;
}

/** Files are looked at this often: the certificate of a pod lasts for years, only a new root changes them. */
const refreshMs = 10_000;
/** As sidecars do it: a server that vanished without a word is noticed within 15 s, one that is back within 2 s. */
const options = {
  'grpc.enable_channelz': 0,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.max_receive_message_length': -1,
};

/** Creates a client; it connects with its first call. */
export function createRpcClient({ addresses, tls }: RpcClientOptions): RpcClient {
  const provider = new experimental.FileWatcherCertificateProvider({
    certificateFile: tls.chainFile,
    privateKeyFile: tls.keyFile,
    caCertificateFile: tls.rootsFile,
    refreshIntervalMs: refreshMs,
  });
  const clients = addresses.map(
    (address) =>
      new Client(
        address,
        experimental.createCertificateProviderChannelCredentials(provider, provider),
        { ...options, 'grpc.ssl_target_name_override': tls.serverName },
      ),
  );
  let turn = 0;
  const openRaw = (path: string): ClientDuplexStream<Uint8Array, Uint8Array> => {
    const client = clients[turn % clients.length];
    if (client === undefined) throw new Error('a client needs an address');
    const identity = (bytes: Buffer): Uint8Array => bytes;
    const call = client.makeBidiStreamRequest(path, asBuffer, identity, new Metadata());
    call.on('error', () => undefined); // followed by status
    call.on('status', (status: StatusObject) => {
      if (status.code !== 0) turn++;
    });
    return call;
  };
  return {
    openRaw,
    open: (path, events) => {
      const call = openRaw(path);
      call.on('data', (bytes: Uint8Array) => events.onMessage(bytes));
      call.on('status', ({ code, details }: StatusObject) =>
        events.onEnd({ code, message: details }),
      );
      return { send: (bytes) => void call.write(bytes), cancel: () => call.cancel() };
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}
