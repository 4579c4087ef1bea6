import {
  createLiveTls,
  startRpcServer,
  type BidiMethod,
  type RpcServer,
  type TlsMaterial,
} from '@osm/rpc';

/** Where proxies connect. */
export interface Listener extends RpcServer {
  /** New connections are made with this. */
  readonly update: (material: TlsMaterial) => void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly material: TlsMaterial;
  readonly methods: readonly BidiMethod[];
  /** Told of every connection that was one too many. */
  readonly onConnectionRefused: () => void;
}

/** Opens the door to the network. */
export type Listen = (options: ListenOptions) => Promise<Listener>;

/** gRPC over mutual TLS. Throws a MeshError when the port cannot be had. */
export const listenOverTls: Listen = async ({ material, ...options }) => {
  const tls = createLiveTls(material);
  const server = await startRpcServer({ ...options, tls });
  return { ...server, update: tls.update };
};
