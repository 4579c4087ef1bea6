import { MeshError } from '@osm/prelude';
import { Epoch } from '@osm/proto-mesh';
import { createLogThrottle, type Logger, type LogThrottle } from '@osm/telemetry';
import { createBackoff, type Backoff } from './backoff.ts';
import type { Bucket, OwnedTable } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { createRepairs, type Repairs } from './repairs.ts';
import { epochKey, type Continuity } from './continuity.ts';
import { TableFollower, type FollowedState } from './table-follow.ts';
import type { Timing } from './timing.ts';
import { equalBytes, WritePipeline, type WriteOp } from './write-pipeline.ts';

/** NATS takes 1 MiB per message; the rest is room for headers. */
const valueBytesMax = 900_000;

/** What others write is said once in this time. */
const logPeriodMs = 10_000;

interface OwnerTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
  /** For people who read an epoch. */
  readonly writer: string;
}

/** The write side of a bucket over a link. */
export function createTableOwner<T>(tools: OwnerTools, bucket: Bucket<T>): OwnedTable<T> {
  const owner = new TableOwner(tools, bucket);
  return {
    set: (key, value) => owner.set(key, bucket.codec.encode(value).finish()),
    remove: (key) => owner.remove(key),
    complete: () => owner.complete(),
    flushed: () => owner.flushed(),
    close: async () => owner.close(),
  };
}

/**
 * Keeps the wanted bytes per key and makes the bucket equal to them. While all is well, calls become writes in their order; after
 * anything else (connection lost, a refused write, the bucket wiped or restored) the bucket is read and what differs is written, in
 * the order in which the keys were last set, sets before deletions.
 */
class TableOwner {
  readonly #tools: OwnerTools;
  readonly #log: Logger;
  readonly #bucket: string;
  readonly #shared: boolean;
  readonly #follower: TableFollower;
  readonly #pipeline: WritePipeline;
  readonly #throttle: LogThrottle;
  readonly #repairs: Repairs;
  readonly #retry: Backoff;
  /** Wanted, in the order of the last `set`. */
  readonly #wanted = new Map<string, Uint8Array>();
  /** Removed by a call, until the deletion has arrived; with the bytes that were wanted before. */
  readonly #removed = new Map<string, Uint8Array>();
  /** Set by a call and not yet on the bus: tells our newer values from those of others in a shared bucket. */
  readonly #unsent = new Set<string>();
  #completed = false;
  #epochWanted = false;
  /** The epoch sent last, since it was wanted last: it may arrive without us being told. */
  #sentEpoch: Uint8Array | undefined;
  /** Before the last interruption something was sent whose fate is unknown. */
  #doubtful = false;
  #closed = false;
  #waiters: (() => void)[] = [];

  constructor(
    tools: OwnerTools,
    { name, storage, shared, keysMax }: Omit<Bucket<unknown>, 'codec'>,
  ) {
    const { link, metrics, timing } = tools;
    this.#tools = tools;
    this.#repairs = createRepairs((key) => this.#putRight(key), timing);
    this.#retry = createBackoff(10, 500, timing);
    this.#log = tools.log.child({ bucket: name });
    this.#bucket = name;
    this.#shared = shared === true;
    this.#throttle = createLogThrottle(logPeriodMs, timing.now);
    this.#pipeline = new WritePipeline({
      link,
      bucket: name,
      shared: this.#shared,
      uniqueId: timing.uniqueId,
      now: timing.now,
      onSent: () => metrics.writes.inc({ bucket: name }),
      onAcked: (key) => this.#acked(key),
      onFailed: (error) => this.#failed(error),
      onIdle: () => this.#settleWaiters(),
    });
    this.#follower = new TableFollower({
      link,
      bucket: name,
      log: tools.log,
      metrics,
      timing,
      create: { storage: storage ?? 'file', keysMax },
      handler: {
        reset: (entries, continuity, state) => this.#reset(entries, continuity, state),
        entry: (entry) => this.#seen(entry),
        away: () => this.#interrupted(),
      },
    });
  }

  set(key: string, bytes: Uint8Array): void {
    if (bytes.length > valueBytesMax) throw tooLarge(this.#bucket, key, bytes.length);
    if (this.#closed || equalBytes(this.#wanted.get(key), bytes)) return;
    this.#wanted.delete(key);
    this.#wanted.set(key, bytes);
    this.#removed.delete(key);
    if (this.#shared) this.#unsent.add(key);
    this.#enqueue({ kind: 'put', key, bytes });
  }

  remove(key: string): void {
    const before = this.#wanted.get(key);
    if (this.#closed || before === undefined) return;
    this.#wanted.delete(key);
    this.#unsent.delete(key);
    this.#removed.set(key, before);
    this.#enqueue(this.#deleteOp(key));
  }

  complete(): void {
    if (this.#closed) return;
    this.#completed = true;
    this.#epochWanted = true;
    this.#sentEpoch = undefined;
    if (this.#pipeline.running) this.#deleteUnwanted();
  }

  flushed(): Promise<void> {
    if (this.#closed || (this.#pipeline.idle && this.#repairs.pending() === 0)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#follower.close();
    this.#pipeline.stop();
    this.#repairs.close();
    this.#settleWaiters();
  }

  #enqueue(op: WriteOp): void {
    if (!this.#pipeline.running) return;
    // A queue longer than the table is no order worth keeping: the difference is shorter.
    if (this.#pipeline.queued > 2 * this.#wanted.size + 1_000) this.#follower.resync();
    else this.#pipeline.push(op);
  }

  #interrupted(): void {
    // A reader may have seen a write that the server then lost: only an epoch frees it from waiting.
    if (this.#pipeline.uncertain || this.#shared) this.#doubtful = true;
    this.#pipeline.stop();
  }

  #reset(entries: readonly Entry[], continuity: Continuity, state: FollowedState): void {
    this.#pipeline.start(entries, state.lastSeq, state.replicated);
    const { contents } = this.#pipeline;
    for (const key of this.#removed.keys()) if (!contents.has(key)) this.#removed.delete(key);
    const epoch = contents.get(epochKey);
    if (continuity === 'broken' || epoch === undefined) this.#epochWanted = true;
    else if (equalBytes(epoch, this.#sentEpoch)) this.#epochWanted = false;
    if (this.#doubtful && continuity !== 'first') this.#epochWanted = true;
    this.#doubtful = false;
    this.#writeWanted();
    this.#deleteUnwanted();
  }

  /** Queues the values that differ between what is wanted and what the bucket has. */
  #writeWanted(): void {
    const contents = new Map(this.#pipeline.contents);
    for (const [key, bytes] of this.#wanted) {
      const now = contents.get(key);
      if (this.#shared && now !== undefined && !this.#unsent.has(key)) continue;
      if (!equalBytes(now, bytes)) this.#pipeline.push({ kind: 'put', key, bytes });
    }
  }

  /** Queues the deletion of what is not wanted, once all that is wanted was named, and then an epoch if one is due. */
  #deleteUnwanted(): void {
    const mayDelete = this.#completed && !this.#shared;
    for (const key of [...this.#pipeline.contents.keys()]) {
      const orphan = mayDelete && key !== epochKey && !this.#wanted.has(key);
      if (orphan || this.#removed.has(key)) this.#pipeline.push(this.#deleteOp(key));
    }
    if (this.#completed && this.#epochWanted) this.#pipeline.push(this.#epochOp());
    if (this.#pipeline.idle) this.#settleWaiters();
  }

  #deleteOp(key: string): WriteOp {
    const onlyIf = this.#removed.get(key);
    if (!this.#shared || onlyIf === undefined) return { kind: 'delete', key };
    return { kind: 'delete', key, onlyIf };
  }

  #epochOp(): WriteOp {
    const encode = (): Uint8Array => {
      const { timing, writer } = this.#tools;
      const epoch = { id: timing.uniqueId(), writer, keys: this.#wanted.size };
      this.#sentEpoch = Epoch.encode(epoch).finish();
      return this.#sentEpoch;
    };
    return { kind: 'epoch', key: epochKey, encode };
  }

  #acked(key: string): void {
    this.#retry.reset();
    if (key === epochKey) this.#epochWanted = false;
    this.#unsent.delete(key);
    if (!this.#wanted.has(key)) this.#removed.delete(key);
  }

  #failed(error: MeshError): void {
    this.#doubtful ||= error.code !== 'bus_refused' && error.code !== 'bus_full';
    const { link, metrics, timing } = this.#tools;
    metrics.errors.inc({ code: error.code });
    if (this.#closed || !link.connected()) return;
    this.#log.info('a write was refused: comparing the bucket', { err: error });
    timing.after(this.#retry.nextMs(), () => this.#follower.resync());
  }

  /** Every message of the bucket comes by here; those of others are put right. */
  #seen(entry: Entry): void {
    const { key, bytes, seq } = entry;
    if (this.#pipeline.seen(entry) || this.#shared) return;
    if (key === epochKey) {
      // Another instance's epoch may stand: two owners for a moment must not write epochs against each other.
      if (bytes !== undefined || !this.#completed || !this.#pipeline.running) return;
      this.#epochWanted = true;
      this.#pipeline.push(this.#epochOp());
      return;
    }
    if (!this.#completed && !this.#wanted.has(key)) return;
    if (equalBytes(this.#wanted.get(key), bytes)) return;
    this.#tools.metrics.foreignWrites.inc({ bucket: this.#bucket });
    const say = this.#throttle.admit('foreign');
    const what = 'somebody else wrote to the bucket: putting it right';
    if (say !== undefined) this.#log.warn(what, { key, seq, ...say });
    this.#repairs.schedule(key);
  }

  #putRight(key: string): void {
    if (!this.#pipeline.running) return;
    const bytes = this.#wanted.get(key);
    if (bytes !== undefined) this.#pipeline.push({ kind: 'put', key, bytes });
    else if (this.#completed) this.#pipeline.push(this.#deleteOp(key));
  }

  #settleWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function tooLarge(bucket: string, key: string, size: number): MeshError {
  return new MeshError(
    'payload_too_large',
    `${key} in bucket ${bucket} has ${size} bytes, the limit is ${valueBytesMax}; the value before it stays. Split the object it is made from.`,
  );
}
