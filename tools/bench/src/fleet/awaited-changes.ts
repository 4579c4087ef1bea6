import { isMetBy, type Expectation } from './expectations.ts';
import type { ExpectedBy } from './messages.ts';
import type { ProxyResponse } from './warming.ts';

/** What a proxy just received, and whether it is complete with it. */
export interface Seen {
  readonly response: ProxyResponse;
  readonly complete: boolean;
  /** On the monotonic clock. */
  readonly atNs: bigint;
}

/** Notes when proxies have what changes were to bring them. */
export interface AwaitedChanges {
  readonly expect: (change: number, expected: readonly ExpectedBy[]) => void;
  /** When each proxy had it, in the order in which they were expected; resolves when all have. */
  readonly met: (change: number) => Promise<readonly bigint[]>;
  /** Proxies that have not got what they were to get, over all changes. */
  readonly lacking: () => readonly number[];
  readonly see: (proxy: number, seen: Seen) => void;
}

interface Awaited {
  readonly order: readonly number[];
  readonly lacking: Map<number, Expectation>;
  /** The content is there, but something of the proxy is warming. */
  readonly warming: Set<number>;
  readonly atNs: Map<number, bigint>;
  readonly all: Promise<void>;
  readonly onAll: () => void;
}

/** A proxy has a change from the moment on when its content has arrived and nothing of the proxy is warming. */
export function createAwaitedChanges(): AwaitedChanges {
  const awaited = new Map<number, Awaited>();
  return {
    expect: (change, expected) => {
      awaited.set(change, createAwaited(expected));
    },
    met: async (change) => {
      const one = awaited.get(change);
      await one?.all;
      awaited.delete(change);
      return one?.order.map((proxy) => one.atNs.get(proxy) ?? 0n) ?? [];
    },
    lacking: () => [
      ...new Set([...awaited.values()].flatMap((one) => [...one.lacking.keys(), ...one.warming])),
    ],
    see: (proxy, seen) => {
      for (const one of awaited.values()) advance(one, proxy, seen);
    },
  };
}

function createAwaited(expected: readonly ExpectedBy[]): Awaited {
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  return {
    order: expected.flatMap((group) => group.proxies),
    lacking: new Map(
      expected.flatMap((group) =>
        group.proxies.map((proxy) => [proxy, group.expectation] as const),
      ),
    ),
    warming: new Set(),
    atNs: new Map(),
    all,
    onAll,
  };
}

function advance(awaited: Awaited, proxy: number, seen: Seen): void {
  const expectation = awaited.lacking.get(proxy);
  if (expectation !== undefined && isMetBy(expectation, seen.response)) {
    awaited.lacking.delete(proxy);
    awaited.warming.add(proxy);
  }
  if (!seen.complete || !awaited.warming.delete(proxy)) return;
  awaited.atNs.set(proxy, seen.atNs);
  if (awaited.lacking.size === 0 && awaited.warming.size === 0) awaited.onAll();
}
