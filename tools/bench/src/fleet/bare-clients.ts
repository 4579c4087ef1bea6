import type { SecureContext } from 'node:tls';
import { DeltaDiscoveryRequest } from '@osm/proto-envoy/discovery';
import { openConnection, type Connection } from './connection.ts';
import type { ContentCache } from './contents.ts';
import { readDeltaResponse } from './wire.ts';

/** The yardstick's receivers: as many mTLS gRPC connections, which decode and acknowledge, and do nothing else. */
export interface BareClients {
  readonly connected: () => Promise<void>;
  /** When each client had that many messages since it was connected, in ns of the monotonic clock. */
  readonly received: (messages: number) => Promise<readonly bigint[]>;
}

export interface BareClientsOptions {
  readonly count: number;
  readonly address: string;
  readonly serverName: string;
  readonly credentials: readonly SecureContext[];
  readonly cache: ContentCache;
  readonly nowNs: () => bigint;
}

/** Method of the bare fan-out server; it speaks the discovery messages, so that both sides do the same decoding. */
export const bareMethod = '/osm.bench.Fanout/Receive';

/** The empty message with which the server greets every stream. */
const greetings = 1;

/** Connects at once. */
export function createBareClients(options: BareClientsOptions): BareClients {
  const arrivals: bigint[][] = [];
  /** How many clients have at least so many messages. */
  const reached: number[] = [];
  const waiting = new Map<number, () => void>();

  const onMessage = (index: number, message: Buffer): void => {
    const response = readDeltaResponse(message);
    options.cache.read(response.resources);
    if (response.nonce !== '')
      connections[index]?.send(encodeAck(response.typeUrl, response.nonce));
    const times = (arrivals[index] ??= []);
    times.push(options.nowNs());
    const messages = times.length;
    reached[messages] = (reached[messages] ?? 0) + 1;
    if (reached[messages] === options.count) waiting.get(messages)?.();
  };
  const until = async (messages: number): Promise<void> => {
    if (reached[messages] === options.count) return;
    await new Promise<void>((resolve) => waiting.set(messages, resolve));
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
    connected: () => until(greetings),
    received: async (messages) => {
      await until(greetings + messages);
      return arrivals.map((times) => times[greetings + messages - 1] ?? 0n);
    },
  };
}

function encodeAck(typeUrl: string, responseNonce: string): Uint8Array {
  return DeltaDiscoveryRequest.encode(
    DeltaDiscoveryRequest.fromPartial({ typeUrl, responseNonce }),
  ).finish();
}
