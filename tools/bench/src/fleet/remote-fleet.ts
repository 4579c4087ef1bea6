import { MeshError } from '@osm/prelude';
import type { Child } from '../world/child.ts';
import type { ExpectedBy, FleetAnswer, FleetCommand, Traffic } from './messages.ts';

/** The harness's hands on the fleet's process. Times are in ns of the monotonic clock. */
export interface RemoteFleet {
  /** When each of the first `count` proxies was complete, in ms after the first began to connect. */
  readonly connect: (count: number) => Promise<readonly number[]>;
  /** Resolves once the fleet watches; the function then resolves when everybody has it. */
  readonly expect: (expected: readonly ExpectedBy[]) => Promise<() => Promise<readonly bigint[]>>;
  readonly takeTraffic: () => Promise<readonly Traffic[]>;
  readonly lastMessageNs: () => Promise<bigint>;
  readonly connectBare: (count: number, address: string, serverName: string) => Promise<void>;
  /** When every bare client had so many messages. */
  readonly awaitBare: (messages: number) => Promise<readonly bigint[]>;
  readonly missing: () => Promise<readonly string[]>;
}

export function createRemoteFleet(child: Child): RemoteFleet {
  let changes = 0;
  const ask = async <K extends FleetAnswer['kind']>(
    command: FleetCommand,
    kind: K,
  ): Promise<Extract<FleetAnswer, { readonly kind: K }>> => {
    const answer = await child.ask<FleetAnswer>(command);
    if (answer.kind !== kind)
      throw new MeshError('unknown', `the fleet answered ${answer.kind} to ${command.kind}`);
    return answer as Extract<FleetAnswer, { readonly kind: K }>;
  };
  return {
    connect: async (count) => (await ask({ kind: 'connect', count }, 'connected')).completeMs,
    expect: async (expected) => {
      changes += 1;
      const change = changes;
      await ask({ kind: 'expect', change, expected }, 'done');
      return async () => (await ask({ kind: 'await', change }, 'met')).atNs.map(BigInt);
    },
    takeTraffic: async () => (await ask({ kind: 'take-traffic' }, 'traffic')).proxies,
    lastMessageNs: async () =>
      BigInt((await ask({ kind: 'last-message' }, 'last-message')).lastMessageNs),
    connectBare: async (count, address, serverName) => {
      await ask({ kind: 'connect-bare', count, address, serverName }, 'done');
    },
    awaitBare: async (messages) =>
      (await ask({ kind: 'await-bare', messages }, 'met')).atNs.map(BigInt),
    missing: async () => (await ask({ kind: 'missing' }, 'missing')).lines,
  };
}
