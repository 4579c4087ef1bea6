import type { Result } from '@osm/prelude';

/** Encodes and decodes the values of a bucket or subject: any ts-proto message has this shape. */
export interface Codec<T> {
  readonly encode: (value: T) => { finish(): Uint8Array };
  readonly decode: (bytes: Uint8Array) => T;
}

/** A JetStream KV bucket of ours: one writer service, values of one type. All of them are listed in buckets.ts. */
export interface Bucket<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  /** Where the stream is kept; default file. Memory is faster and lost with the server, which costs readers nothing but time. */
  readonly storage?: 'file' | 'memory';
  /** Most keys, deletions of the last hour included; default a million. What is one too many is refused, and the owner tries again. */
  readonly keysMax?: number;
  /**
   * Several instances of the writer own it together, each the keys it sets: nobody deletes keys of others, and the last writer of a key has it.
   * Removing a key that another instance has written since does nothing.
   */
  readonly shared?: true;
}

/** Who asks, as the bus vouches for it. */
export interface Asker {
  /** Name of the service. */
  readonly asker: string;
}

/** A request/reply subject of ours. All of them are listed in subjects.ts. Every service asks on one of its own, `<name>.<service>`. */
export interface Subject<Req, Res> {
  readonly name: string;
  readonly request: Codec<Req>;
  readonly response: Codec<Res>;
}

/**
 * What a reader of a bucket is told. Applying the events in order to an empty map gives the bucket as its owner made it:
 * after reconnects the reader compares and reports differences only, deletions included. After the bucket was wiped, or restored to
 * an older state, nothing is reported until the owner's next epoch, and then the difference.
 */
export type TableEvent<T> =
  | { readonly kind: 'put'; readonly key: string; readonly value: T }
  | { readonly kind: 'delete'; readonly key: string }
  /**
   * The map now holds a complete list of the owner's (a new epoch, or the first one). Until the first `complete` nothing may
   * be concluded from the absence of a key.
   */
  | { readonly kind: 'complete'; readonly epoch: string };

/** The read side of a bucket. Iterate it once. */
export interface Watch<T> extends AsyncIterable<readonly TableEvent<T>[]> {
  /**
   * Reads the bucket again, and resolves when the consumer is done with all that was in it at the time of the call (it has asked for the
   * batch after), or the watch has ended. For whoever must not act on what is out of date, such as a new leader.
   */
  readonly caughtUp: () => Promise<void>;
}

/** Of a reader. */
export interface WatchOptions {
  readonly signal: AbortSignal;
}

/** The write side of a bucket that this service owns: it makes the bucket equal to what was set, and keeps it so. */
export interface OwnedTable<T> {
  /**
   * Writes in the order of the calls; equal bytes are not written again. While the bus is away the latest value per key is kept.
   * Throws a MeshError when the value is larger than 900 kB; the last good one stays.
   */
  readonly set: (key: string, value: T) => void;
  readonly remove: (key: string) => void;
  /** All that exists has been set: deletes what was not, then writes an epoch. Call once per leadership, after the first list. */
  readonly complete: () => void;
  /** Resolves when everything set so far is on the bus. */
  readonly flushed: () => Promise<void>;
  /** Stops writing (leadership lost, shutdown). */
  readonly close: () => Promise<void>;
}

/** Leadership of one service: at most one holder renews the lease; the others wait. */
export interface LeaseOptions {
  readonly name: string;
  readonly holder: string;
  readonly signal: AbortSignal;
}

/** What a candidate for a lease hears: it leads from now on, or no more. */
export type LeaseEvent = { readonly kind: 'acquired' } | { readonly kind: 'lost' };

/** One connection to the bus. Construction connects lazily: services start, and say not ready, while the bus is away. */
export interface Bus {
  /** True while connected. */
  readonly connected: () => boolean;
  /** Calls back on every change of `connected`; returns an unsubscribe function. */
  readonly onConnected: (listener: (connected: boolean) => void) => () => void;
  /** Events in batches: all that had arrived when the consumer asked. The batch is what a consumer should process as one. */
  readonly watch: <T>(bucket: Bucket<T>, options: WatchOptions) => Watch<T>;
  readonly own: <T>(bucket: Bucket<T>) => OwnedTable<T>;
  /** Fails with a MeshError in the result: bus_unavailable (away, nobody there, busy), bus_timeout, bus_refused (the handler failed). */
  readonly request: <Req, Res>(
    subject: Subject<Req, Res>,
    request: Req,
    options?: { readonly timeoutMs?: number },
  ) => Promise<Result<Res, Error>>;
  /**
   * Answers in a queue group: of several instances each request reaches one. Every asker has a share of its own of the work at the same
   * time and of the line of those who wait; beyond it is told to ask later.
   */
  readonly respond: <Req, Res>(
    subject: Subject<Req, Res>,
    handle: (request: Req, from: Asker) => Promise<Res>,
    options: WatchOptions,
  ) => void;
  readonly lease: (options: LeaseOptions) => AsyncIterable<LeaseEvent>;
  readonly close: () => Promise<void>;
}
