import { MeshError } from '@osm/prelude';
import type { Entry, Expectation, Link, PutRequest, RawHandler } from '../src/link.ts';

interface Stream {
  readonly created: string;
  lastSeq: number;
  /** Of the last message, if it was sent with one. */
  lastId: string | undefined;
  /** Last message per key, in order of seq; deletions included. */
  entries: Map<string, Entry>;
}

interface Client {
  connected: boolean;
  /** Counts connections: what was sent on one does not arrive on the next. */
  session: number;
  readonly connectedListeners: Set<(connected: boolean) => void>;
  readonly entryListeners: Map<string, Set<(entry: Entry) => void>>;
  readonly changeListeners: Map<string, Set<() => void>>;
}

interface Question {
  readonly subject: string;
  readonly asker: string;
  readonly bytes: Uint8Array;
  readonly timeoutMs: number;
}

/** What a NATS server would hold: streams by bucket, responders by subject, and who is connected. */
export interface MemoryServer {
  readonly link: () => Link;
  /** Cuts every connection, and refuses new ones until `start`. */
  readonly stop: () => void;
  readonly start: () => void;
  /** Forgets every bucket: with `stop` and `start` around it a server that lost its disk, without them deletion while connected. */
  readonly wipe: () => void;
  /** Remembers all buckets; the returned function puts them back as they were. */
  readonly snapshot: () => () => void;
  /** Writes past every owner. */
  readonly put: (bucket: string, key: string, bytes: Uint8Array | undefined) => void;
  /** The live keys of a bucket in order of the stream; undefined = no such bucket. */
  readonly contents: (bucket: string) => ReadonlyMap<string, Uint8Array> | undefined;
}

export function createMemoryServer(): MemoryServer {
  const streams = new Map<string, Stream>();
  const responders = new Map<string, { readonly client: Client; readonly handler: RawHandler }[]>();
  const clients = new Set<Client>();
  let up = true;
  let ticks = 0;
  let turn = 0;
  const stamp = (): string => String((ticks += 1)).padStart(12, '0');

  const tellChange = (bucket: string): void => {
    for (const client of clients)
      for (const listener of client.changeListeners.get(bucket) ?? []) queueMicrotask(listener);
  };

  const store = (
    stream: Stream,
    bucket: string,
    key: string,
    { bytes, id }: { readonly bytes: Uint8Array | undefined; readonly id?: string | undefined },
  ): number => {
    stream.lastId = id;
    const entry: Entry = {
      key,
      seq: (stream.lastSeq += 1),
      stamp: stamp(),
      bytes: bytes && new Uint8Array(bytes),
    };
    stream.entries.delete(key);
    stream.entries.set(key, entry);
    for (const client of clients) {
      if (!client.connected) continue;
      const { session } = client;
      for (const listener of client.entryListeners.get(bucket) ?? [])
        queueMicrotask(() => {
          if (client.connected && client.session === session) listener(entry);
        });
    }
    return entry.seq;
  };

  const meets = (stream: Stream, key: string, expect: Expectation): boolean => {
    if (expect.kind === 'none') return true;
    if (expect.kind === 'stream')
      return stream.lastSeq === expect.seq && stream.lastId === (expect.after ?? stream.lastId);
    return (stream.entries.get(key)?.seq ?? 0) === expect.seq;
  };

  const put = async ({ bucket, key, bytes, expect, id }: PutRequest): Promise<number> => {
    const stream = streams.get(bucket);
    if (stream === undefined) throw new MeshError('bus_unavailable', `no bucket ${bucket}`);
    if (!meets(stream, key, expect)) {
      throw new MeshError('bus_refused', `wrong last sequence in bucket ${bucket}`);
    }
    return store(stream, bucket, key, { bytes, id });
  };

  const connect = (client: Client, connected: boolean): void => {
    if (client.connected === connected) return;
    client.connected = connected;
    client.session += 1;
    for (const listener of client.connectedListeners) listener(connected);
  };

  const link = (): Link => {
    const client: Client = {
      connected: up,
      session: 0,
      connectedListeners: new Set(),
      entryListeners: new Map(),
      changeListeners: new Map(),
    };
    clients.add(client);
    const need = (): void => {
      if (!client.connected) throw new MeshError('bus_unavailable', 'the bus is away');
    };
    /** A round trip: fails when the connection is lost on the way. */
    const trip = async <T>(work: () => T | Promise<T>): Promise<T> => {
      need();
      const { session } = client;
      const result = await work();
      await new Promise((resolve) => setImmediate(resolve));
      need();
      if (client.session !== session) throw new MeshError('bus_unavailable', 'connection lost');
      return result;
    };
    return {
      connected: () => client.connected,
      onConnected: (listener) => subscribe(client.connectedListeners, listener),
      listen: (bucket, listener) => subscribe(setOf(client.entryListeners, bucket), listener),
      onBucketChange: (bucket, listener) =>
        subscribe(setOf(client.changeListeners, bucket), listener),
      state: (bucket) =>
        trip(() => {
          const stream = streams.get(bucket);
          if (stream === undefined) return undefined;
          const { created, lastSeq, entries } = stream;
          return { created, lastSeq, messages: entries.size };
        }),
      read: (bucket, fromSeq) =>
        trip(() =>
          [...(streams.get(bucket)?.entries.values() ?? [])].filter(
            (entry) => entry.seq >= fromSeq,
          ),
        ),
      create: (bucket) =>
        trip(() => {
          if (streams.has(bucket)) return;
          streams.set(bucket, {
            created: stamp(),
            lastSeq: 0,
            lastId: undefined,
            entries: new Map(),
          });
          tellChange(bucket);
        }),
      put: (request) => trip(() => put(request)),
      request: (subject, bytes, timeoutMs) =>
        trip(() => {
          const dot = subject.lastIndexOf('.');
          const group = responders.get(subject.slice(0, dot)) ?? [];
          const asker = subject.slice(dot + 1);
          const present = group.filter((each) => each.client.connected);
          return ask(present, { subject, asker, bytes, timeoutMs });
        }),
      respond: (subject, handler) => {
        const mine = { client, handler };
        responders.set(subject, [...(responders.get(subject) ?? []), mine]);
        return () => {
          responders.set(
            subject,
            (responders.get(subject) ?? []).filter((each) => each !== mine),
          );
        };
      },
      close: async () => {
        connect(client, false);
        clients.delete(client);
      },
    };
  };

  const ask = (
    group: readonly { readonly handler: RawHandler }[],
    { subject, asker, bytes, timeoutMs }: Question,
  ): Promise<Uint8Array> => {
    const responder = group[(turn += 1) % Math.max(group.length, 1)];
    if (responder === undefined) {
      return Promise.reject(new MeshError('bus_unavailable', `nobody answers ${subject}`));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new MeshError('bus_timeout', `no answer on ${subject} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      void responder.handler(bytes, asker).then((answer) => {
        clearTimeout(timer);
        if (answer.kind === 'answer') resolve(answer.bytes);
        else if (answer.kind === 'busy')
          reject(new MeshError('bus_unavailable', `${subject}: busy`));
        else reject(new MeshError('bus_refused', `${subject}: refused`));
      });
    });
  };

  return {
    link,
    stop: () => {
      up = false;
      for (const client of clients) connect(client, false);
    },
    start: () => {
      up = true;
      for (const client of clients) connect(client, true);
    },
    wipe: () => {
      const names = [...streams.keys()];
      streams.clear();
      for (const name of names) tellChange(name);
    },
    snapshot: () => {
      const copy = [...streams].map(
        ([name, stream]) => [name, { ...stream, entries: new Map(stream.entries) }] as const,
      );
      return () => {
        streams.clear();
        for (const [name, stream] of copy)
          streams.set(name, { ...stream, entries: new Map(stream.entries) });
      };
    },
    put: (bucket, key, bytes) => {
      const stream = streams.get(bucket);
      if (stream === undefined) throw new MeshError('not_found', `no bucket ${bucket}`);
      store(stream, bucket, key, { bytes });
    },
    contents: (bucket) => {
      const stream = streams.get(bucket);
      if (stream === undefined) return undefined;
      const live = new Map<string, Uint8Array>();
      for (const { key, bytes } of stream.entries.values())
        if (bytes !== undefined) live.set(key, bytes);
      return live;
    },
  };
}

function setOf<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  const found = map.get(key) ?? new Set<T>();
  map.set(key, found);
  return found;
}

function subscribe<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => set.delete(listener);
}
