import type { Entry, PutRequest, StreamState } from '@osm/bus/testing';
import { MeshError } from '@osm/prelude';

interface Stream {
  readonly created: string;
  lastSeq: number;
  /** Last message per key, in order of seq; deletions included. */
  readonly entries: Map<string, Entry>;
  /** For a server that loses what it acknowledged last. */
  readonly log: Entry[];
  lastStamp: string;
  lastId: string | undefined;
  lastAtMs: number;
  /** Told to follow a write that was not there, as a member of a cluster: it takes no writes any more. */
  isBroken?: boolean;
}

/** What a NATS server with JetStream holds and does, apart from the network. */
export interface Nats {
  /** Fails as the server does: `bus_unavailable` without the bucket, `bus_refused` when something else is last. */
  readonly put: (request: PutRequest) => number;
  readonly state: (bucket: string) => StreamState | undefined;
  /** Messages from a position on, as a replica has them that lacks the last `lag`. */
  readonly page: (bucket: string, range: PageRange) => Page;
  readonly create: (bucket: string) => void;
  /** Live keys in order of the stream; undefined = no such bucket. */
  readonly contents: (bucket: string) => ReadonlyMap<string, Entry> | undefined;
  readonly buckets: () => readonly string[];
  /** Deletes a bucket. */
  readonly remove: (bucket: string) => void;
  /** Loses the last messages of a bucket, acknowledged ones: a disk that was not synced. */
  readonly truncate: (bucket: string, messages: number) => void;
  /** Remembers a bucket; the result puts it back. */
  readonly snapshot: (bucket: string) => () => void;
}

export interface PageRange {
  readonly fromSeq: number;
  readonly max: number;
  readonly lag: number;
}

export interface Page {
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

export interface NatsOptions {
  readonly now: () => number;
  /** Several servers keep each stream. */
  readonly replicated: () => boolean;
  /** Told of every message that was stored: the server repeats it to who listens. */
  readonly onStored: (bucket: string, entry: Entry) => void;
  readonly onChanged: (bucket: string) => void;
}

/** Creates a server without buckets. */
export function createNats({ now, replicated, onStored, onChanged }: NatsOptions): Nats {
  const streams = new Map<string, Stream>();
  let ticks = 0;
  const stamp = (): string => String((ticks += 1)).padStart(9, '0');

  const put = ({ bucket, key, bytes, expect, id }: PutRequest): number => {
    const stream = streams.get(bucket);
    if (stream === undefined) throw new MeshError('bus_unavailable', `no bucket ${bucket}`);
    if (stream.isBroken) throw new MeshError('bus_unavailable', `bucket ${bucket} takes no writes`);
    const last = expect.kind === 'stream' ? stream.lastSeq : (stream.entries.get(key)?.seq ?? 0);
    if (expect.kind !== 'none' && expect.seq !== last)
      throw new MeshError('bus_refused', `wrong last sequence: ${expect.seq}, is ${last}`);
    if (expect.kind === 'stream' && expect.after !== undefined && expect.after !== stream.lastId) {
      stream.isBroken = replicated();
      throw new MeshError('bus_refused', `wrong last write: ${expect.after}`);
    }
    stream.lastSeq += 1;
    stream.lastId = id;
    const entry: Entry = { key, seq: stream.lastSeq, stamp: stamp(), bytes };
    stream.entries.delete(key);
    stream.entries.set(key, entry);
    stream.log.push(entry);
    stream.lastStamp = entry.stamp;
    stream.lastAtMs = now();
    onStored(bucket, entry);
    return entry.seq;
  };

  return {
    put,
    state: (bucket) => {
      const stream = streams.get(bucket);
      if (stream === undefined) return undefined;
      const { created, lastSeq, entries } = stream;
      const state = { created, lastSeq, messages: entries.size };
      if (!replicated()) return state;
      const { lastStamp, lastAtMs } = stream;
      return { ...state, replicated: { lastStamp, lastAgeMs: now() - lastAtMs } };
    },
    page: (bucket, { fromSeq, max, lag }) => {
      const entries: Entry[] = [];
      const stream = streams.get(bucket);
      const held = lag === 0 ? stream : stream && restored('', stream.log.slice(0, -lag));
      for (const entry of held?.entries.values() ?? []) {
        if (entry.seq < fromSeq) continue;
        if (entries.length === max) return { entries, more: true };
        entries.push(entry);
      }
      return { entries, more: false };
    },
    create: (bucket) => {
      if (streams.has(bucket)) return;
      streams.set(bucket, restored(stamp(), []));
      onChanged(bucket);
    },
    contents: (bucket) => {
      const stream = streams.get(bucket);
      return stream && new Map([...stream.entries].filter(([, { bytes }]) => bytes !== undefined));
    },
    buckets: () => [...streams.keys()],
    remove: (bucket) => {
      if (streams.delete(bucket)) onChanged(bucket);
    },
    truncate: (bucket, messages) => {
      const stream = streams.get(bucket);
      if (stream === undefined) return;
      const log = stream.log.slice(0, Math.max(0, stream.log.length - messages));
      const { created } = stream;
      streams.set(bucket, restored(created, log));
    },
    snapshot: (bucket) => {
      const stream = streams.get(bucket);
      const copy = stream && { created: stream.created, log: [...stream.log] };
      return () => {
        if (copy === undefined) streams.delete(bucket);
        else streams.set(bucket, restored(copy.created, copy.log));
      };
    },
  };
}

function restored(created: string, log: readonly Entry[]): Stream {
  const entries = new Map<string, Entry>();
  for (const entry of log) {
    entries.delete(entry.key);
    entries.set(entry.key, entry);
  }
  const last = log.at(-1);
  const lastSeq = last?.seq ?? 0;
  const lastStamp = last?.stamp ?? '';
  return { created, lastSeq, entries, log: [...log], lastStamp, lastAtMs: 0, lastId: undefined };
}
