import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import { createBackoff, createPause, type Backoff, type Pause } from './backoff.ts';
import type { BusMetrics } from './bus-metrics.ts';
import { epochKey, judge, type Continuity, type Position } from './continuity.ts';
import type { BucketSettings, Entry, Link, StreamState } from './link.ts';
import type { Timing } from './timing.ts';

/** Of the stream whose contents are told. */
export interface FollowedState {
  /** Where the next message comes after. */
  readonly lastSeq: number;
  /** Several servers keep it. */
  readonly replicated: boolean;
}

export interface FollowHandler {
  /** The whole contents, in order of the stream; deletions may be among them. */
  readonly reset: (entries: readonly Entry[], continuity: Continuity, state: FollowedState) => void;
  /** The next message of the stream. */
  readonly entry: (entry: Entry) => void;
  /** All that was in the bucket when reading it began has been told. */
  readonly synced?: () => void;
  /** Nothing is known to be true any more until the next `reset`. */
  readonly away?: () => void;
  /** What arrives is kept back for now. */
  readonly holding?: () => boolean;
}

export interface FollowOptions {
  readonly link: Link;
  readonly bucket: string;
  readonly handler: FollowHandler;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
  /** Set by the owner: makes the bucket when it is missing, and reads it whole after every interruption. Others wait for it, and resume. */
  readonly create?: BucketSettings;
}

/** Deletions are kept on the stream for 1 h (nats-link.ts); whoever was away for longer than this reads everything. */
const awayForResumeMsMax = 30 * 60_000;
/** Stands in for the heartbeat of a consumer: an idle stream is compared with what is known. */
const verifyMs = 5_000;
/** Live entries kept while reading; beyond it reading starts again. */
const bufferedMax = 100_000;
/** Longest wait between attempts: a bucket that is back is found within 2 s, everything that follows included. */
const retryMsMost = 500;
/** Failing for longer while connected is worth a word. */
const failingMsSaid = 5_000;
/** A server needs no longer to delete the files of a bucket. */
const deletionMs = 500;
/** The age from which on a message at the end of the stream may be missing because it was a deletion that ran out (nats-link.ts). */
const deletionAgeMs = 55 * 60_000;

/**
 * Follows one bucket for ever: live entries while they come without a gap, and after everything that may have made a gap (reconnect,
 * the bucket made again, entries missing) a comparison with the stream.
 */
export class TableFollower {
  readonly #options: FollowOptions;
  readonly #log: Logger;
  readonly #stops: (() => void)[];
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  #cancelVerify: () => void = () => undefined;
  #position: Position | undefined;
  /** Live entries that wait for the end of a comparison; undefined while entries are handed on as they come. */
  #buffered: Entry[] | undefined;
  #syncing = false;
  /** What is being read has to be read once more. */
  #again = false;
  #closed = false;
  #awaySinceMs: number | undefined;
  #suspectSeq: number | undefined;
  /** When the bucket was first found deleted. */
  #goneSinceMs: number | undefined;
  #waited = false;
  /** The server was asked last, and did not answer. */
  #silent = false;
  #isSynced: boolean | undefined;

  constructor(options: FollowOptions) {
    const { link, bucket, timing } = options;
    this.#options = options;
    this.#backoff = createBackoff(100, retryMsMost, timing);
    this.#pause = createPause(timing);
    this.#log = options.log.child({ bucket });
    this.#verifyLater();
    this.#stops = [
      () => this.#cancelVerify(),
      link.listen(bucket, (entry) => this.#arrived(entry)),
      link.onBucketChange(bucket, () => void this.#verify()),
      link.onConnected((connected) => (connected ? this.resync() : this.#disconnected())),
    ];
    if (link.connected()) this.resync();
  }

  /** Reads and compares again, for whoever noticed that something is wrong. */
  resync(): void {
    this.#again = true;
    this.#buffered ??= [];
    this.#pause.wake();
    if (this.#syncing || this.#closed) return;
    this.#syncing = true;
    void this.#sync();
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#pause.wake();
  }

  #disconnected(): void {
    this.#awaySinceMs ??= this.#options.timing.now();
    this.#buffered ??= [];
    this.#pause.wake();
    this.#options.handler.away?.();
    this.#tell();
  }

  #heard(): void {
    this.#options.metrics.heard.setToCurrentTime({ bucket: this.#options.bucket });
    if (!this.#silent) return;
    this.#silent = false;
    this.#tell();
  }

  /** Says by metric whether memory follows the bucket. */
  #tell(): void {
    const { bucket, handler, metrics } = this.#options;
    const isSynced = this.#buffered === undefined && !this.#silent && handler.holding?.() !== true;
    if (isSynced === this.#isSynced) return;
    this.#isSynced = isSynced;
    metrics.synced.set({ bucket }, isSynced ? 1 : 0);
  }

  #arrived(entry: Entry): void {
    if (this.#closed) return;
    this.#heard();
    if (this.#buffered !== undefined) {
      if (this.#buffered.length < bufferedMax) this.#buffered.push(entry);
      else this.#again = true;
      this.#pause.wake();
    } else if (entry.seq === (this.#position?.seq ?? -1) + 1 && this.#isLater(entry)) {
      this.#deliver(entry);
    } else {
      this.#buffered = [entry];
      this.resync();
    }
  }

  /** An entry of before the bucket was made again may have the right number: it is older than what is known. */
  #isLater(entry: Entry): boolean {
    return entry.stamp >= (this.#position?.latestStamp ?? '');
  }

  #deliver(entry: Entry): void {
    if (this.#position === undefined) return;
    const { created, epochStamp } = this.#position;
    this.#position = {
      created,
      seq: entry.seq,
      stamp: entry.stamp,
      latestStamp: entry.stamp,
      epochStamp: entry.key === epochKey ? entry.stamp : epochStamp,
    };
    this.#options.handler.entry(entry);
    if (entry.key === epochKey) this.#tell();
  }

  async #sync(): Promise<void> {
    const { link, metrics, timing } = this.#options;
    let said = false;
    const sinceMs = timing.now();
    this.#backoff.reset();
    while (!this.#closed && link.connected()) {
      try {
        if (await this.#syncOnce()) {
          this.#awaySinceMs = undefined;
          this.#options.handler.synced?.();
          break;
        }
      } catch (thrown) {
        const err = MeshError.from(thrown);
        metrics.errors.inc({ code: err.code });
        const isLong = timing.now() - sinceMs > failingMsSaid;
        const tell: boolean = (err.code === 'bus_refused' || isLong) && !said;
        said ||= tell;
        const hint = isLong
          ? 'the bucket cannot be read: trying until it can. Has the server JetStream, room, and a majority of its cluster?'
          : 'reading the bucket failed: trying again';
        this.#log[tell ? 'warn' : 'debug'](hint, { err });
      }
      this.#buffered ??= [];
      if (!this.#closed && link.connected() && !this.#again) {
        await this.#pause.wait(this.#backoff.nextMs());
      }
    }
    if (said && !this.#closed && this.#buffered === undefined)
      this.#log.info('the bucket can be read again');
    this.#syncing = false;
    if (this.#again && link.connected()) this.resync();
    // The bucket may have been replaced while it was read.
    else void this.#verify();
  }

  async #syncOnce(): Promise<boolean> {
    const { link, bucket, handler, create } = this.#options;
    handler.away?.();
    this.#buffered = [];
    this.#again = false;
    this.#tell();
    let state = await link.state(bucket);
    if (state !== undefined) this.#goneSinceMs = undefined;
    if (create !== undefined) {
      if (state === undefined && this.#isBeingDeleted()) return false;
      await link.create(bucket, create, state !== undefined);
      state ??= await link.state(bucket);
    }
    if (state === undefined || this.#closed) {
      if (!this.#waited) this.#log.info('the bucket does not exist yet: waiting for its owner');
      this.#waited = true;
      return false;
    }
    this.#waited = false;
    this.#heard();
    this.#refuseOlder(state);
    if (!(await this.#resume(state))) await this.#readAll(state);
    const isDone = !this.#closed && this.#drain() && !this.#again;
    this.#tell();
    return isDone;
  }

  /**
   * A server tells of a deletion before it has removed the files: a bucket that is made meanwhile comes up with what is left of them,
   * loses it, and may take no writes (NATS 2.15). After an outage nothing is being deleted.
   */
  #isBeingDeleted(): boolean {
    if (this.#position === undefined || this.#awaySinceMs !== undefined) return false;
    const nowMs = this.#options.timing.now();
    this.#goneSinceMs ??= nowMs;
    return nowMs - this.#goneSinceMs < deletionMs;
  }

  /**
   * In a cluster an answer may come from a server that was leader before it was cut off, and knows less than we do. A reader waits for
   * the others, or for the owner to write: it would hold everything back anyway.
   */
  #refuseOlder({ created, lastSeq, replicated }: StreamState): void {
    const known = this.#position;
    if (replicated === undefined || this.#options.create !== undefined) return;
    if (known?.created !== created || lastSeq >= known.seq || known.stamp === '') return;
    if (replicated.lastStamp > known.stamp) return;
    throw new MeshError('bus_unavailable', 'the server knows an older state than this reader');
  }

  /** In a cluster a read may be answered by a server that lags behind the one that told the state. */
  #refuseLag({ lastSeq, replicated }: StreamState, entries: readonly Entry[]): void {
    if (replicated === undefined || replicated.lastAgeMs > deletionAgeMs) return;
    if ((entries.at(-1)?.seq ?? 0) >= lastSeq) return;
    throw new MeshError('bus_unavailable', 'the server that was read lags behind');
  }

  /** True when the known history is intact and all that was missed has been delivered. */
  async #resume(state: StreamState): Promise<boolean> {
    const { link, bucket, create, metrics, timing } = this.#options;
    const known = this.#position;
    if (create !== undefined || known === undefined || known.stamp === '') return false;
    if (state.created !== known.created || state.lastSeq < known.seq) return false;
    const awayMs = timing.now() - (this.#awaySinceMs ?? timing.now());
    if (awayMs > awayForResumeMsMax) return false;
    const entries = await link.read(bucket, known.seq);
    const anchor = entries[0];
    if (anchor?.seq !== known.seq || anchor.stamp !== known.stamp) return false;
    this.#refuseLag(state, entries);
    const missed = entries.slice(1);
    // A new epoch may stand for deletions that are not visible any more.
    if (this.#closed || missed.some((entry) => entry.key === epochKey)) return false;
    for (const entry of missed) this.#deliver(entry);
    metrics.resyncs.inc({ bucket, reason: 'resumed' });
    return true;
  }

  async #readAll(state: StreamState): Promise<void> {
    const { link, bucket, handler, metrics } = this.#options;
    const read = await link.read(bucket, 1);
    const entries = lastOfEach(read);
    if (this.#closed) return;
    this.#refuseLag(state, entries);
    if (entries.length < state.messages)
      throw new MeshError('bus_unavailable', 'the bucket was changed while it was read');
    const last = entries.at(-1);
    const continuity = judge(this.#position, state, entries);
    const epochStamp = entries.find((entry) => entry.key === epochKey)?.stamp ?? '';
    const latestStamp = last?.stamp ?? '';
    // Deletions at the end of the stream may have been forgotten: then the stream's count is ahead of its messages. Or the state was told of
    // the bucket before this one.
    const { seq, stamp } =
      last === undefined || state.lastSeq > last.seq ? { seq: state.lastSeq, stamp: '' } : last;
    this.#position = { created: state.created, seq, stamp, latestStamp, epochStamp };
    metrics.resyncs.inc({ bucket, reason: continuity });
    if (continuity === 'broken') {
      this.#log.warn('bucket has another history: comparing', { entries: entries.length });
    }
    const replicated = state.replicated !== undefined;
    handler.reset(entries, continuity, { lastSeq: seq, replicated });
  }

  /** Delivers what arrived while reading; false when something is missing in between. */
  #drain(): boolean {
    const waiting = this.#buffered ?? [];
    this.#buffered = undefined;
    for (const entry of waiting) {
      const seq = this.#position?.seq ?? 0;
      if (entry.seq > seq + 1) return false;
      if (entry.seq < seq + 1) continue;
      if (!this.#isLater(entry)) return false;
      this.#deliver(entry);
    }
    return true;
  }

  #verifyLater(): void {
    this.#cancelVerify = this.#options.timing.after(verifyMs, () => {
      this.#verifyLater();
      void this.#verify();
    });
  }

  /** Compares the stream's own figures with what is known, and reads it when they do not agree. */
  async #verify(): Promise<void> {
    const { link, bucket } = this.#options;
    const before = this.#position;
    const idle = (): boolean => !this.#syncing && !this.#closed && link.connected();
    if (before === undefined || !idle()) return;
    try {
      const state = await link.state(bucket);
      if (state !== undefined) this.#heard();
      if (!idle()) return;
      const replaced = state?.created !== before.created || state.lastSeq < before.seq;
      const behind = !replaced && state.lastSeq > before.seq && this.#position?.seq === before.seq;
      // Being behind once may be an entry that is on its way.
      if (replaced || (behind && this.#suspectSeq === before.seq)) this.resync();
      this.#suspectSeq = behind ? before.seq : undefined;
    } catch {
      // Not an answer: the connection's own state decides what to do.
      this.#silent = true;
      this.#tell();
    }
  }
}

/** What is written while a bucket is read comes beside what it replaces. */
function lastOfEach(read: readonly Entry[]): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const entry of read) {
    entries.delete(entry.key);
    entries.set(entry.key, entry);
  }
  return entries.size === read.length ? read : [...entries.values()];
}
