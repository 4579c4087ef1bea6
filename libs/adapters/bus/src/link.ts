/** One message of a table's stream: a value put, or a deletion. */
export interface Entry {
  readonly key: string;
  /** Position in the stream, counted up from 1 without gaps as messages are stored. */
  readonly seq: number;
  /** Server time of the message; orders as text. With `seq` it identifies a message, also after a restore. */
  readonly stamp: string;
  /** Absent for a deletion. Owned by the receiver. */
  readonly bytes: Uint8Array | undefined;
}

/** What a stream says of itself. */
export interface StreamState {
  /** When the stream was made: differs after it was deleted and made again. */
  readonly created: string;
  readonly lastSeq: number;
  /** Messages stored: the live keys, and deletions that were not yet forgotten. */
  readonly messages: number;
  /** Set when several servers keep the stream: each answer may come from one that lags behind. */
  readonly replicated?: {
    /** Of the message at `lastSeq`, also when it is not stored any more. */
    readonly lastStamp: string;
    /** How long ago that was, by the server's clock. */
    readonly lastAgeMs: number;
  };
}

/** What a put requires of the stream. The server refuses it otherwise, with `bus_refused`. */
export type Expectation =
  | { readonly kind: 'none' }
  /**
   * The last message of the whole stream; `after` is its id, when it is one that was sent with an id. Never name one in a stream that
   * several servers keep: when it is wrong the stream takes no further writes.
   */
  | { readonly kind: 'stream'; readonly seq: number; readonly after: string | undefined }
  /** The last message of this key; 0 = there is none. */
  | { readonly kind: 'key'; readonly seq: number };

/** One write: the value of a key, if the bucket is as expected. */
export interface PutRequest {
  readonly bucket: string;
  readonly key: string;
  /** Absent deletes. */
  readonly bytes: Uint8Array | undefined;
  readonly expect: Expectation;
  /** Never used twice. */
  readonly id?: string;
}

export interface BucketSettings {
  readonly storage: 'file' | 'memory';
  readonly keysMax?: number | undefined;
}

/** What becomes of a request. A refusal reaches the asker as an error at once, without a payload. */
export type RawAnswer =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  /** `busy`: ask again later (bus_unavailable); `failed`: it will not get better by asking (bus_refused). */
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed' };

/** Answers one request of a service. Never rejects. */
export type RawHandler = (bytes: Uint8Array, asker: string) => Promise<RawAnswer>;

/**
 * The port below the bus: one connection, streams of entries, requests. The NATS client and the memory hub implement it; how tables are
 * followed, owned and leased is written once above it. Every promise fails with a MeshError and at once while not connected.
 */
export interface Link {
  readonly connected: () => boolean;
  /** Calls back on every change, and with `true` again for every reconnect. */
  readonly onConnected: (listener: (connected: boolean) => void) => () => void;
  /** Entries of a bucket as they are stored, in order, from now on and through reconnects (with gaps). */
  readonly listen: (bucket: string, onEntry: (entry: Entry) => void) => () => void;
  /** Calls back when the bucket was made, deleted or restored by anyone. May stay silent for buckets of other services. */
  readonly onBucketChange: (bucket: string, listener: () => void) => () => void;
  /** Undefined: there is no such bucket. */
  readonly state: (bucket: string) => Promise<StreamState | undefined>;
  /** All entries from `fromSeq` on, in order. */
  readonly read: (bucket: string, fromSeq: number) => Promise<readonly Entry[]>;
  /**
   * Makes the bucket, or does nothing when it is there. Settings of one that `exists` are put right once; after that nothing is asked,
   * because in a cluster the answer needs more servers than reading and writing do.
   */
  readonly create: (bucket: string, settings: BucketSettings, exists?: boolean) => Promise<void>;
  /** Sends at once: the order of calls is the order on the stream. Resolves with the message's seq. */
  readonly put: (request: PutRequest) => Promise<number>;
  /** `subject` ends with the name of the service that asks. */
  readonly request: (subject: string, bytes: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;
  /** Joins the queue group of the subject, for everybody who may ask: `<subject>.<asker>`. */
  readonly respond: (subject: string, handler: RawHandler) => () => void;
  readonly close: () => Promise<void>;
}
