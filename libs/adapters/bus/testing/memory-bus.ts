import { createMetrics, type Logger, type Metrics } from '@osm/telemetry';
import { createBusOver } from '../src/bus-over-link.ts';
import type { Bucket, Bus, Subject } from '../src/bus.ts';
import { createMemoryServer } from './memory-link.ts';

interface MemoryBusOptions {
  /** Who asks, for those who answer. */
  readonly service?: string;
  readonly instance?: string;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** Many buses over one imaginary server in memory: the real readers, owners and leases, without a wire. */
export interface MemoryBusHub {
  /** One connection, as createBus makes it. */
  readonly connect: (options?: MemoryBusOptions) => Bus;
  /** The server goes away for everybody, and comes back. */
  readonly disconnect: () => void;
  readonly reconnect: () => void;
  /** Forgets all buckets. */
  readonly wipe: () => void;
  /** Remembers all buckets; calling the result puts the older state back. */
  readonly snapshot: () => () => void;
  /** Writes past the owner; undefined deletes. */
  readonly foreignPut: (bucket: string, key: string, bytes: Uint8Array | undefined) => void;
  /** The decoded values of a bucket, epoch left out, in the order in which they were written last. */
  readonly contents: <T>(bucket: Bucket<T>) => ReadonlyMap<string, T>;
  /** True once the owner of the bucket has written an epoch. */
  readonly isComplete: <T>(bucket: Bucket<T>) => boolean;
}

export type { Bucket, Bus, Subject };

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

export function createMemoryBus(): MemoryBusHub {
  const server = createMemoryServer();
  let instances = 0;
  return {
    connect: (options = {}) =>
      createBusOver({
        link: server.link(),
        service: options.service ?? 'test',
        instance: options.instance ?? `memory-${(instances += 1)}`,
        log: options.log ?? silentLogger,
        metrics: options.metrics ?? createMetrics(),
      }),
    disconnect: server.stop,
    reconnect: server.start,
    wipe: server.wipe,
    snapshot: server.snapshot,
    foreignPut: server.put,
    contents: (bucket) => {
      const values = server.contents(bucket.name) ?? new Map<string, Uint8Array>();
      return new Map(
        [...values]
          .filter(([key]) => key !== 'epoch')
          .map(([key, bytes]) => [key, bucket.codec.decode(bytes)]),
      );
    },
    isComplete: (bucket) => server.contents(bucket.name)?.has('epoch') ?? false,
  };
}
