import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import { createBackoff, createPause } from './backoff.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { BucketSettings, Entry, Link, StreamState } from './link.ts';

/** The key of the epoch, in every bucket. */
export const epochKey = 'epoch';

/**
 * Whether the contents just read follow from what was known. `first`: nothing was known. `changed`: the same history, some of it unseen.
 * `broken`: another history: wiped, made again, or restored to an older state.
 */
export type Continuity = 'first' | 'changed' | 'broken';

export interface FollowHandler {
  /** The whole contents, in order of the stream; deletions may be among them. */
  readonly reset: (entries: readonly Entry[], continuity: Continuity, lastSeq: number) => void;
  /** The next message of the stream. */
  readonly entry: (entry: Entry) => void;
  /** Nothing is known to be true any more until the next `reset`. */
  readonly away?: () => void;
}

export interface FollowOptions {
  readonly link: Link;
  readonly bucket: string;
  readonly handler: FollowHandler;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  /** Set by the owner: makes the bucket when it is missing, and reads it whole after every interruption. Others wait for it, and resume. */
  readonly create?: BucketSettings;
}

export interface Follow {
  /** Reads and compares again, for whoever noticed that something is wrong. */
  readonly resync: () => void;
  readonly close: () => void;
}

/** Deletions are kept on the stream for 1 h (see nats-tables.ts); whoever was away for longer than this reads everything. */
const awayForResumeMsMax = 30 * 60_000;
/** Stands in for the heartbeat of a consumer: an idle stream is compared with what is known. */
const verifyMs = 5_000;
/** Live entries kept while reading; beyond it reading starts again. */
const bufferedMax = 100_000;

interface Position {
  readonly created: string;
  readonly seq: number;
  /** Of the message at `seq`; empty when that message is not known. */
  readonly stamp: string;
  readonly epochStamp: string;
}

/**
 * Follows one bucket for ever: live entries while they come without a gap, and after everything that may have made a gap (reconnect,
 * the bucket made again, entries missing) a comparison with the stream.
 */
export function followTable(options: FollowOptions): Follow {
  const { link, bucket, handler, metrics } = options;
  const log = options.log.child({ bucket });
  const backoff = createBackoff(100, 2_000);
  const pause = createPause();
  let position: Position | undefined;
  let buffered: Entry[] | undefined;
  let syncing = false;
  let again = false;
  let closed = false;
  let awaySince: number | undefined;
  let suspectSeq: number | undefined;

  const advance = (entry: Entry): void => {
    if (position === undefined) return;
    const epochStamp = entry.key === epochKey ? entry.stamp : position.epochStamp;
    position = { created: position.created, seq: entry.seq, stamp: entry.stamp, epochStamp };
  };

  const onEntry = (entry: Entry): void => {
    if (closed) return;
    if (buffered !== undefined) {
      if (buffered.length < bufferedMax) buffered.push(entry);
      else again = true;
      pause.wake();
      return;
    }
    if (position !== undefined && entry.seq === position.seq + 1) {
      advance(entry);
      handler.entry(entry);
      return;
    }
    buffered = [entry];
    resync();
  };

  /** True when the known history is intact and all that was missed has been delivered. */
  const resume = async (state: StreamState): Promise<boolean> => {
    const known = position;
    if (options.create !== undefined) return false;
    if (known === undefined || known.stamp === '' || state.created !== known.created) return false;
    if (state.lastSeq < known.seq) return false;
    if (awaySince !== undefined && performance.now() - awaySince > awayForResumeMsMax) return false;
    const entries = await link.read(bucket, known.seq);
    const anchor = entries[0];
    if (anchor?.seq !== known.seq || anchor.stamp !== known.stamp) return false;
    const missed = entries.slice(1);
    // A new epoch may stand for deletions that are not visible any more.
    if (missed.some((entry) => entry.key === epochKey)) return false;
    for (const entry of missed) {
      advance(entry);
      handler.entry(entry);
    }
    metrics.resyncs.inc({ bucket, reason: 'resumed' });
    return true;
  };

  const readAll = async (state: StreamState): Promise<void> => {
    const entries = await link.read(bucket, 1);
    const last = entries.at(-1);
    const continuity = judge(position, state, entries);
    const epochStamp = entries.find((entry) => entry.key === epochKey)?.stamp ?? '';
    // Deletions at the end of the stream may have been forgotten: then the stream's count is ahead of its messages.
    const ahead = last === undefined || state.lastSeq > last.seq;
    position = ahead
      ? { created: state.created, seq: state.lastSeq, stamp: '', epochStamp }
      : { created: state.created, seq: last.seq, stamp: last.stamp, epochStamp };
    metrics.resyncs.inc({ bucket, reason: continuity });
    if (continuity === 'broken')
      log.warn('bucket has another history: comparing', { entries: entries.length });
    handler.reset(entries, continuity, position.seq);
  };

  /** Delivers what arrived while reading; false when something is missing in between. */
  const drain = (): boolean => {
    const waiting = buffered ?? [];
    buffered = undefined;
    for (const entry of waiting) {
      if (position === undefined) return false;
      if (entry.seq <= position.seq) continue;
      if (entry.seq !== position.seq + 1) return false;
      advance(entry);
      handler.entry(entry);
    }
    return true;
  };

  const syncOnce = async (): Promise<boolean> => {
    handler.away?.();
    buffered = [];
    again = false;
    if (options.create !== undefined) await link.create(bucket, options.create);
    const state = await link.state(bucket);
    if (state === undefined || closed) return false;
    if (!(await resume(state))) await readAll(state);
    return !closed && drain() && !again;
  };

  const sync = async (): Promise<void> => {
    backoff.reset();
    while (!closed && link.connected()) {
      try {
        if (await syncOnce()) {
          awaySince = undefined;
          break;
        }
      } catch (thrown) {
        const error = MeshError.from(thrown);
        metrics.errors.inc({ code: error.code });
        log.debug('reading the bucket failed, will try again', { err: error });
      }
      buffered ??= [];
      if (!closed && link.connected() && !again) await pause.wait(backoff.nextMs());
    }
    syncing = false;
    if (!closed && again && link.connected()) resync();
    // The bucket may have been replaced while it was read.
    else void verify();
  };

  const resync = (): void => {
    again = true;
    buffered ??= [];
    pause.wake();
    if (syncing || closed) return;
    syncing = true;
    void sync();
  };

  /** Compares the stream's own figures with what is known, and reads it when they do not agree. */
  const verify = async (): Promise<void> => {
    const before = position;
    if (syncing || closed || before === undefined || !link.connected()) return;
    try {
      const state = await link.state(bucket);
      if (closed || syncing) return;
      const replaced = state?.created !== before.created || state.lastSeq < before.seq;
      const behind = !replaced && state.lastSeq > before.seq && position?.seq === before.seq;
      // Being behind once may be an entry that is on its way.
      if (replaced || (behind && suspectSeq === before.seq)) resync();
      suspectSeq = behind ? before.seq : undefined;
    } catch {
      // Not an answer: the connection's own state decides.
    }
  };

  const stopListening = link.listen(bucket, onEntry);
  const stopEvents = link.onBucketChange(bucket, () => void verify());
  const stopConnected = link.onConnected((connected) => {
    if (connected) resync();
    else {
      awaySince ??= performance.now();
      buffered ??= [];
      pause.wake();
      handler.away?.();
    }
  });
  const timer = setInterval(() => void verify(), verifyMs);
  timer.unref();
  if (link.connected()) resync();
  return {
    resync,
    close: () => {
      closed = true;
      clearInterval(timer);
      stopListening();
      stopEvents();
      stopConnected();
      pause.wake();
    },
  };
}

function judge(
  known: Position | undefined,
  state: StreamState,
  entries: readonly Entry[],
): Continuity {
  if (known === undefined) return 'first';
  if (state.created !== known.created || state.lastSeq < known.seq) return 'broken';
  const anchor = entries.find((entry) => entry.seq === known.seq);
  if (anchor !== undefined && known.stamp !== '' && anchor.stamp !== known.stamp) return 'broken';
  const epoch = entries.find((entry) => entry.key === epochKey);
  if (known.epochStamp !== '' && (epoch === undefined || epoch.stamp < known.epochStamp))
    return 'broken';
  return 'changed';
}
