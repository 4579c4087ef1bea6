import { MeshError } from '@osm/prelude';
import { createLogThrottle, type Logger } from '@osm/telemetry';
import { Empty, headers, type Msg, type MsgHdrs } from 'nats';
import type { BucketSettings, Entry, Link, PutRequest, RawHandler, StreamState } from './link.ts';
import { NatsWire } from './nats-wire.ts';
import { askerOf, askSubject, inboxPrefix, tableSubjects } from './subjects.ts';

export interface NatsLinkOptions {
  readonly url: string;
  readonly service: string;
  readonly instance: string;
  readonly credentialsFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly plaintext?: boolean | undefined;
  readonly onRefused?: ((operation: string) => void) | undefined;
  /** Of the buckets made here; default 1. */
  readonly replicas?: number;
  /**
   * True for buckets that live in the account of this connection. With accounts (rights.ts) those are the buckets that the service
   * writes; on a server without accounts, all.
   */
  readonly isOwn: (bucket: string) => boolean;
  readonly log: Logger;
}

const apiTimeoutMs = 500;
const putTimeoutMs = 500;
const readIdleMs = 4_000;
/**
 * How much one answer may hold. The first are small, and quick ones are followed by larger: on a slow link nothing else gets through
 * beside one, and the server cuts off a client that needs more than 10 s.
 */
const readBytesFirst = 128 << 10;
const readBytesMax = 16 << 20;
const readQuickMs = 250;
const readLongMs = 1_000;
const readMessagesMax = 10_000;
/** How long a deletion stays visible on the stream. Readers that were away for longer read everything (table-follow.ts). */
const deletionTtl = '1h';
const queueGroup = 'osm';
const keysMaxDefault = 1_000_000;
/** Status of an answer without payload. */
const busyCode = 429;
const failedCode = 500;

/** The link over a NATS server with JetStream, 2.11 or later (bulk reads, deletions that run out). */
export function createNatsLink(options: NatsLinkOptions): Link {
  const wire = new NatsWire({
    url: options.url,
    credentialsFile: options.credentialsFile,
    caFile: options.caFile,
    plaintext: options.plaintext,
    onRefused: options.onRefused,
    name: options.instance,
    inboxPrefix: inboxPrefix(options.service),
    log: options.log,
  });
  const own = options.isOwn;
  const made = new Set<string>();
  return {
    connected: () => wire.connected,
    onConnected: (listener) => wire.onConnected(listener),
    listen: (bucket, onEntry) => {
      const prefix = tableSubjects.livePrefix(bucket);
      return wire.subscribe(tableSubjects.live(bucket), (message) => {
        const entry = entryOf(message, message.subject.slice(prefix.length));
        if (entry !== undefined) onEntry(entry);
      });
    },
    onBucketChange: (bucket, listener) =>
      own(bucket) ? wire.subscribe(tableSubjects.events(bucket), listener) : () => undefined,
    state: (bucket) => readState(wire, bucket, own(bucket)),
    read: (bucket, fromSeq) => readEntries(wire, bucket, own(bucket), fromSeq),
    create: async (bucket, settings, exists) => {
      if (exists === true && made.has(bucket)) return;
      await createStream(wire, bucket, { ...settings, replicas: options.replicas ?? 1 });
      made.add(bucket);
    },
    put: async (request) => {
      const { bucket, key, bytes } = request;
      const answer = await wire.ask({
        subject: tableSubjects.put(bucket, key),
        bytes,
        headers: putHeaders(request),
        timeoutMs: putTimeoutMs,
      });
      const { seq, error } = parseJson<{ seq?: number; error?: ApiError }>(answer);
      if (error !== undefined || seq === undefined)
        throw refused(`put of ${key} in bucket ${bucket}`, error);
      return seq;
    },
    request: async (subject, bytes, timeoutMs) => {
      const answer = await wire.ask({ subject, bytes, timeoutMs });
      const code = answer.headers?.code ?? 0;
      if (code === busyCode)
        throw new MeshError('bus_unavailable', `${subject}: busy, ask again later`);
      if (code !== 0)
        throw new MeshError('bus_refused', `${subject}: refused, see the log of who answers`);
      return new Uint8Array(answer.data);
    },
    respond: (subject, handler) => respondOn(wire, subject, handler, options),
    close: () => wire.close(),
  };
}

/** Something that is no question is said once in this time. */
const logPeriodMs = 10_000;

function respondOn(
  wire: NatsWire,
  subject: string,
  handler: RawHandler,
  { log, onRefused }: Pick<NatsLinkOptions, 'log' | 'onRefused'>,
): () => void {
  const throttle = createLogThrottle(logPeriodMs, () => performance.now());
  return wire.subscribe(
    askSubject(subject, '*'),
    (message) => {
      const asker = isRequest(message) ? askerOf(subject, message.subject) : undefined;
      if (asker !== undefined) return void answerOne(message, handler, asker, log);
      onRefused?.('not a request');
      const say = throttle.admit(subject);
      const fields = { subject, reply: message.reply, ...say };
      if (say !== undefined) log.warn('not a request: ignored', fields);
    },
    queueGroup,
  );
}

async function answerOne(
  message: Msg,
  handler: RawHandler,
  asker: string,
  log: Logger,
): Promise<void> {
  const answer = await handler(new Uint8Array(message.data), asker);
  try {
    if (answer.kind === 'answer') message.respond(answer.bytes);
    else
      message.respond(Empty, { headers: headers(answer.kind === 'busy' ? busyCode : failedCode) });
  } catch (thrown) {
    log.warn('answer not sent', { subject: message.subject, err: MeshError.from(thrown) });
  }
}

/**
 * A request carries the subject it was sent to, and a reply in an inbox of ours or one that the server made for another account. A
 * consumer or a bulk read that somebody pointed at this subject has neither: what arrives then is not a question.
 */
function isRequest(message: Msg): boolean {
  return /^(_INBOX_[\w-]+|_R_)\./.test(message.reply ?? '');
}

interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

function refused(what: string, error: ApiError | undefined): MeshError {
  const reason = error?.description ?? 'an answer without meaning';
  // 503: the server's storage is not up yet, or out of resources for the moment.
  const isFull =
    noRoomCodes.has(error?.err_code ?? 0) || /maximum (messages|bytes) exceeded/.test(reason);
  const code = isFull ? 'bus_full' : error?.code === 503 ? 'bus_unavailable' : 'bus_refused';
  const remedy = isFull ? '. NATS has no room: raise max_file_store, or free some of its disk' : '';
  return new MeshError(code, `${what} was refused: ${reason}${remedy}`);
}

function parseJson<T>(message: Msg): T {
  try {
    return message.json<T>();
  } catch (thrown) {
    throw MeshError.from(thrown, 'bus_refused');
  }
}

function putHeaders({ bytes, expect, id }: PutRequest): MsgHdrs | undefined {
  const deletion = bytes === undefined;
  if (!deletion && expect.kind === 'none' && id === undefined) return undefined;
  const made = headers();
  if (id !== undefined) made.set('Nats-Msg-Id', id);
  if (expect.kind === 'stream') {
    made.set('Nats-Expected-Last-Sequence', `${expect.seq}`);
    if (expect.after !== undefined) made.set('Nats-Expected-Last-Msg-Id', expect.after);
  }
  if (expect.kind === 'key') made.set('Nats-Expected-Last-Subject-Sequence', `${expect.seq}`);
  if (deletion) {
    made.set('KV-Operation', 'DEL');
    made.set('Nats-TTL', deletionTtl);
  }
  return made;
}

/** An entry from a message of the stream, repeated live or read; undefined for what only looks like one. */
function entryOf(message: Msg, key: string): Entry | undefined {
  const head = message.headers;
  const seq = Number(head?.get('Nats-Sequence') ?? '');
  if (head === undefined || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  const operation = head.get('KV-Operation');
  const deletion = operation === 'DEL' || operation === 'PURGE';
  // The client's buffers hold many messages: a copy keeps one value from pinning its neighbours.
  const bytes = deletion ? undefined : new Uint8Array(message.data);
  return { key, seq, stamp: sortableStamp(head.get('Nats-Time-Stamp')), bytes };
}

/** The server leaves out trailing zeros of the fraction; with them stamps order as text. */
function sortableStamp(stamp: string): string {
  const [whole = '', fraction = ''] = stamp.replace('Z', '').split('.');
  return `${whole}.${fraction.padEnd(9, '0')}`;
}

/** No room in memory, none for a stream, storing failed, none in the store. */
const noRoomCodes: ReadonlySet<number> = new Set([10_023, 10_028, 10_047, 10_077]);
const streamNotFound = 10_059;
const streamExistsDifferently = 10_058;

async function readState(
  wire: NatsWire,
  bucket: string,
  own: boolean,
): Promise<StreamState | undefined> {
  const subject = own ? tableSubjects.ownState(bucket) : tableSubjects.importedState(bucket);
  const answer = parseJson<{
    created?: string;
    state?: { last_seq: number; messages: number; last_ts: string };
    cluster?: { replicas?: readonly unknown[] };
    ts?: string;
    error?: ApiError;
  }>(await wire.ask({ subject, timeoutMs: apiTimeoutMs }));
  if (answer.error?.err_code === streamNotFound) return undefined;
  const { created, state, cluster, ts = '' } = answer;
  if (created === undefined || state === undefined)
    throw refused(`state of bucket ${bucket}`, answer.error);
  const { last_seq: lastSeq, messages, last_ts: lastTs } = state;
  if ((cluster?.replicas ?? []).length === 0) return { created, lastSeq, messages };
  const lastAgeMs = Date.parse(ts) - Date.parse(lastTs);
  return {
    created,
    lastSeq,
    messages,
    replicated: { lastStamp: sortableStamp(lastTs), lastAgeMs },
  };
}

async function readEntries(
  wire: NatsWire,
  bucket: string,
  own: boolean,
  fromSeq: number,
): Promise<readonly Entry[]> {
  const subject = own ? tableSubjects.ownRead(bucket) : tableSubjects.importedRead(bucket);
  const prefix = tableSubjects.put(bucket, '');
  const entries: Entry[] = [];
  let next = fromSeq;
  let more = true;
  let bytesMax = readBytesFirst;
  while (more) {
    const ask = { seq: next, batch: readMessagesMax, max_bytes: bytesMax };
    const askedMs = performance.now();
    await wire.askMany(
      { subject, bytes: new TextEncoder().encode(JSON.stringify(ask)), timeoutMs: readIdleMs },
      (message) => {
        const code = message.headers?.code ?? 0;
        if (code === 0) {
          const stored = message.headers?.get('Nats-Subject') ?? '';
          const entry = entryOf(message, stored.slice(prefix.length));
          if (entry !== undefined) entries.push(entry);
          return false;
        }
        // 204 ends a batch; 404: there is nothing from here on.
        more = code === 204 && message.headers?.get('Nats-Num-Pending') !== '0';
        return true;
      },
    );
    const last = entries.at(-1);
    if (last === undefined || last.seq < next) break;
    next = last.seq + 1;
    const tookMs = performance.now() - askedMs;
    if (tookMs < readQuickMs) bytesMax = Math.min(2 * bytesMax, readBytesMax);
    else if (tookMs > readLongMs) bytesMax = Math.max(bytesMax / 2, readBytesFirst);
  }
  return entries;
}

async function createStream(
  wire: NatsWire,
  bucket: string,
  settings: BucketSettings & { readonly replicas: number },
): Promise<void> {
  const config = {
    name: tableSubjects.stream(bucket),
    subjects: [tableSubjects.puts(bucket)],
    retention: 'limits',
    discard: 'new',
    storage: settings.storage,
    num_replicas: settings.replicas,
    max_msgs_per_subject: 1,
    max_msg_size: 1_000_000,
    max_msgs: settings.keysMax ?? keysMaxDefault,
    max_bytes: -1,
    max_age: 0,
    max_consumers: -1,
    allow_direct: true,
    allow_rollup_hdrs: true,
    allow_msg_ttl: true,
    republish: { src: tableSubjects.puts(bucket), dest: tableSubjects.live(bucket) },
  };
  const ask = async (subject: string): Promise<ApiError | undefined> => {
    const bytes = new TextEncoder().encode(JSON.stringify(config));
    return parseJson<{ error?: ApiError }>(
      await wire.ask({ subject, bytes, timeoutMs: apiTimeoutMs }),
    ).error;
  };
  let error = await ask(tableSubjects.create(bucket));
  if (error?.err_code === streamExistsDifferently) {
    error = await ask(tableSubjects.update(bucket));
    if (error !== undefined) {
      // Some settings cannot be changed (storage). The contents are the owner's to write again.
      await wire.ask({ subject: tableSubjects.delete(bucket), timeoutMs: apiTimeoutMs });
      error = await ask(tableSubjects.create(bucket));
    }
  }
  if (error !== undefined) throw refused(`making bucket ${bucket}`, error);
}
