import type { ChannelCredentials } from '@grpc/grpc-js';
import { DeltaDiscoveryRequest } from '@osm/proto-envoy/discovery';
import { openConnection, type Connection } from './connection.ts';
import type { ContentCache } from './contents.ts';
import { readDeltaResponse } from './wire.ts';

/** The yardstick's receivers: as many mTLS gRPC connections, which decode and acknowledge, and do nothing else. */
export interface BareClients {
  readonly connected: () => Promise<void>;
  /** When each client had that many further messages, in ns of the monotonic clock. */
  readonly received: (messages: number) => Promise<readonly bigint[]>;
  readonly close: () => void;
}

export interface BareClientsOptions {
  readonly count: number;
  readonly address: string;
  readonly serverName: string;
  readonly credentials: readonly ChannelCredentials[];
  readonly cache: ContentCache;
  readonly nowNs: () => bigint;
}

/** Method of the bare fan-out server; it speaks the discovery messages, so that both sides do the same decoding. */
export const bareMethod = '/osm.bench.Fanout/Receive';

/** Connects at once. The server greets every stream with an empty message. */
export function createBareClients(options: BareClientsOptions): BareClients {
  const counts: number[] = [];
  const lastNs: bigint[] = [];
  let target = 1;
  let arrived = 0;
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });

  const onMessage = (index: number, message: Buffer): void => {
    const response = readDeltaResponse(message);
    for (const resource of response.resources) options.cache.read(resource);
    if (response.nonce !== '')
      connections[index]?.send(encodeAck(response.typeUrl, response.nonce));
    counts[index] = (counts[index] ?? 0) + 1;
    if (counts[index] !== target) return;
    lastNs[index] = options.nowNs();
    arrived += 1;
    if (arrived === options.count) onAll();
  };

  const connections: Connection[] = options.credentials
    .slice(0, options.count)
    .map((credentials, index) =>
      openConnection({
        address: options.address,
        serverName: options.serverName,
        method: bareMethod,
        credentials,
        onMessage: (message) => onMessage(index, message),
        onEnd: () => undefined,
      }),
    );

  return {
    connected: () => all,
    received: async (messages) => {
      arrived = 0;
      target += messages;
      await new Promise<void>((resolve) => {
        onAll = resolve;
      });
      return lastNs;
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

function encodeAck(typeUrl: string, responseNonce: string): Uint8Array {
  return DeltaDiscoveryRequest.encode(
    DeltaDiscoveryRequest.fromPartial({ typeUrl, responseNonce }),
  ).finish();
}
