// @osm/rpc: gRPC over mutual TLS. The only importer of grpc-js, and deliberately small: bytes in and out, who is there.
//
//   createLiveTls(material) ──> startRpcServer(methods) ──> open(stream): requests in, encoded responses out
//        ▲ update(material)                                     │ queuedBytes, onFlushed: back-pressure
//   certificate files ──createRpcClient──> open(path) | startRelay(Unix socket): calls of others, passed on unread
//
// Invariants: every client has shown a certificate of the roots in force when it connected; responses are sent as they are.
export { createLiveTls, type LiveTls, type TlsMaterial } from './tls-identity.ts';
export {
  bidiMethod,
  startRpcServer,
  type BidiMethod,
  type RpcServer,
  type RpcServerOptions,
} from './rpc-server.ts';
export type { BidiStream, RpcStatus, StreamEvents } from './bidi-stream.ts';
export {
  createRpcClient,
  type CallEnd,
  type CallEvents,
  type ClientCall,
  type ClientTlsFiles,
  type RpcClient,
  type RpcClientOptions,
} from './rpc-client.ts';
export { startRelay, type Relay, type RelayOptions } from './relay.ts';
export type { Peer } from './peer.ts';
