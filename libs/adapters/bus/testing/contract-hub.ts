import { expect } from 'vitest';
import type { Bucket, Bus, Codec, Subject, TableEvent } from '../src/bus.ts';

/** A server with buses on it, as the contract needs it. */
export interface ContractHub {
  readonly connect: () => Bus;
  /** Cuts the connection of one bus for good, as if its process had died. */
  readonly sever: (bus: Bus) => Promise<void>;
  /** The server goes away without warning, and comes back with what it had. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** To be called while stopped: the server will have lost everything. */
  readonly wipe: () => Promise<void>;
  /** Remembers the present state; the result, to be called while stopped, puts it back. */
  readonly snapshot: () => Promise<() => Promise<void>>;
  /** Deletes a bucket while everybody is connected. */
  readonly deleteBucket: (bucket: string) => Promise<void>;
  /** Writes past the owner; undefined deletes. */
  readonly foreignPut: (
    bucket: string,
    key: string,
    bytes: Uint8Array | undefined,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Text as bytes; what begins with ! cannot be decoded. */
export const text: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => {
    const value = new TextDecoder().decode(bytes);
    if (value.startsWith('!')) throw new Error('not a value');
    return value;
  },
};

/** The buckets and the subject of the contract. */
export const table: Bucket<string> = { name: 'contract', codec: text };
export const sharedTable: Bucket<string> = { name: 'contract-shared', codec: text, shared: true };
export const echo: Subject<string, string> = {
  name: 'osm.contract.v1.echo',
  request: text,
  response: text,
};
/** For what must come, however busy the machine is. */
export const patience = { timeout: 20_000, interval: 5 };

/** Applies events to a map as a service does, and remembers them. */
export function collect(bus: Bus, bucket: Bucket<string>) {
  const abort = new AbortController();
  const map = new Map<string, string>();
  const events: TableEvent<string>[] = [];
  const done = (async () => {
    for await (const batch of bus.watch(bucket, { signal: abort.signal })) {
      for (const event of batch) {
        events.push(event);
        if (event.kind === 'put') map.set(event.key, event.value);
        if (event.kind === 'delete') map.delete(event.key);
      }
    }
  })();
  const completes = (): number => events.filter((event) => event.kind === 'complete').length;
  return {
    map,
    events,
    completes,
    text: () =>
      [...map]
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(' '),
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

/** The bucket as a fresh reader finds it. */
export async function readBack(connect: () => Bus): Promise<{ readonly text: string }> {
  const reader = collect(connect(), table);
  await expect.poll(reader.completes, patience).toBeGreaterThan(0);
  await reader.stop();
  return { text: reader.text() };
}
