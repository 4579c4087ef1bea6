import { randomUUID } from 'node:crypto';
import { MeshError } from '@osm/prelude';
import { Epoch } from '@osm/proto-mesh';
import type { Logger } from '@osm/telemetry';
import { createBackoff } from './backoff.ts';
import type { Bucket, OwnedTable } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { createRepairs } from './repairs.ts';
import { epochKey, followTable, type Continuity } from './table-follow.ts';
import { createWritePipeline, equalBytes, type WriteOp } from './write-pipeline.ts';

/** NATS takes 1 MiB per message; the rest is room for headers. */
export const valueBytesMax = 900_000;

interface OwnerTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  /** For people who read an epoch. */
  readonly writer: string;
}

/**
 * The write side of a bucket: keeps the wanted bytes per key and makes the bucket equal to them. While all is well, calls become writes in
 * their order; after anything else (connection lost, a refused write, the bucket wiped or restored) the bucket is read and what
 * differs is written, in the order in which the keys were last set, sets before deletions.
 */
export function createTableOwner<T>(tools: OwnerTools, bucket: Bucket<T>): OwnedTable<T> {
  const { link, metrics } = tools;
  const log = tools.log.child({ bucket: bucket.name });
  const shared = bucket.shared === true;
  /** Wanted, in the order of the last `set`. */
  const wanted = new Map<string, Uint8Array>();
  /** Removed by a call, until the deletion has arrived; with the bytes that were wanted before. */
  const removed = new Map<string, Uint8Array>();
  /** Set by a call and not yet on the bus: tells our newer values from those of others in a shared bucket. */
  const unsent = new Set<string>();
  const retry = createBackoff(10, 2_000);
  const repairs = createRepairs((key) => putRight(key));
  let completed = false;
  let epochWanted = false;
  /** The epoch sent last, since it was wanted last: it may arrive without us being told. */
  let sentEpoch: Uint8Array | undefined;
  let closed = false;
  let waiters: (() => void)[] = [];

  const settleWaiters = (): void => {
    const done = waiters;
    waiters = [];
    for (const resolve of done) resolve();
  };

  const pipeline = createWritePipeline({
    link,
    bucket: bucket.name,
    shared,
    onSent: () => metrics.writes.inc({ bucket: bucket.name }),
    onAcked: (key) => {
      retry.reset();
      if (key === epochKey) epochWanted = false;
      if (shared) unsent.delete(key);
      if (!wanted.has(key)) removed.delete(key);
    },
    onFailed: (error) => {
      metrics.errors.inc({ code: error.code });
      if (closed || !link.connected()) return;
      log.info('a write was refused: comparing the bucket', { err: error });
      setTimeout(() => follow.resync(), retry.nextMs()).unref();
    },
    onIdle: settleWaiters,
  });

  const epochOp = (): WriteOp => ({
    kind: 'epoch',
    key: epochKey,
    encode: () => {
      const epoch = { id: randomUUID(), writer: tools.writer, keys: wanted.size };
      sentEpoch = Epoch.encode(epoch).finish();
      return sentEpoch;
    },
  });

  const deleteOp = (key: string): WriteOp => {
    const before = removed.get(key);
    return shared && before !== undefined
      ? { kind: 'delete', key, onlyIf: before }
      : { kind: 'delete', key };
  };

  /** Queues the values that differ between what is wanted and what the bucket has. */
  const writeWanted = (): void => {
    const contents = new Map(pipeline.contents());
    for (const [key, bytes] of wanted) {
      const now = contents.get(key);
      if (shared && now !== undefined && !unsent.has(key)) continue;
      if (!equalBytes(now, bytes)) pipeline.push({ kind: 'put', key, bytes });
    }
  };

  /** Queues the deletion of what is not wanted, once all that is wanted was named, and then an epoch if one is due. */
  const deleteUnwanted = (): void => {
    for (const key of [...pipeline.contents().keys()]) {
      const orphan = completed && !shared && key !== epochKey && !wanted.has(key);
      if (orphan || removed.has(key)) pipeline.push(deleteOp(key));
    }
    if (completed && epochWanted) pipeline.push(epochOp());
    if (pipeline.idle()) settleWaiters();
  };

  const reset = (entries: readonly Entry[], continuity: Continuity, lastSeq: number): void => {
    const contents = new Map<string, Uint8Array>();
    for (const { key, bytes } of entries) if (bytes !== undefined) contents.set(key, bytes);
    for (const key of removed.keys()) if (!contents.has(key)) removed.delete(key);
    const epoch = contents.get(epochKey);
    if (continuity === 'broken' || epoch === undefined) epochWanted = true;
    else if (equalBytes(epoch, sentEpoch)) epochWanted = false;
    pipeline.start(contents, lastSeq);
    writeWanted();
    deleteUnwanted();
  };

  /** Writes one key again that somebody else has changed. */
  const putRight = (key: string): void => {
    if (!pipeline.running()) return;
    const bytes = wanted.get(key);
    if (bytes !== undefined) pipeline.push({ kind: 'put', key, bytes });
    else if (completed) pipeline.push(deleteOp(key));
  };

  const onEntry = (entry: Entry): void => {
    if (pipeline.seen(entry) || shared) return;
    const { key } = entry;
    if (key === epochKey) {
      // Another instance's epoch may stand: two owners for a moment must not write epochs against each other.
      if (entry.bytes !== undefined || !completed || !pipeline.running()) return;
      epochWanted = true;
      pipeline.push(epochOp());
      return;
    }
    if (!completed && !wanted.has(key)) return;
    if (equalBytes(wanted.get(key), entry.bytes)) return;
    metrics.foreignWrites.inc({ bucket: bucket.name });
    log.warn('somebody else wrote to the bucket: putting it right', { key, seq: entry.seq });
    repairs.schedule(key);
  };

  const follow = followTable({
    link,
    bucket: bucket.name,
    log: tools.log,
    metrics,
    create: { storage: bucket.storage ?? 'file' },
    handler: { reset, entry: onEntry, away: () => pipeline.stop() },
  });

  const enqueue = (op: WriteOp): void => {
    if (!pipeline.running()) return;
    // A queue longer than the table is no order worth keeping: the difference is shorter.
    if (pipeline.queued() > 2 * wanted.size + 1_000) return follow.resync();
    pipeline.push(op);
  };

  return {
    set: (key, value) => {
      if (closed) return;
      const bytes = bucket.codec.encode(value).finish();
      if (bytes.length > valueBytesMax) throw tooLarge(bucket.name, key, bytes.length);
      if (equalBytes(wanted.get(key), bytes)) return;
      wanted.delete(key);
      wanted.set(key, bytes);
      removed.delete(key);
      if (shared) unsent.add(key);
      enqueue({ kind: 'put', key, bytes });
    },
    remove: (key) => {
      const before = wanted.get(key);
      if (closed || before === undefined) return;
      wanted.delete(key);
      unsent.delete(key);
      removed.set(key, before);
      enqueue(deleteOp(key));
    },
    complete: () => {
      if (closed) return;
      completed = true;
      epochWanted = true;
      sentEpoch = undefined;
      if (pipeline.running()) deleteUnwanted();
    },
    flushed: () =>
      closed || (pipeline.idle() && repairs.pending() === 0)
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push(resolve)),
    close: () => {
      closed = true;
      follow.close();
      pipeline.stop();
      repairs.close();
      settleWaiters();
      return Promise.resolve();
    },
  };
}

function tooLarge(bucket: string, key: string, size: number): MeshError {
  return new MeshError(
    'payload_too_large',
    `${key} in bucket ${bucket} has ${size} bytes, the limit is ${valueBytesMax}; the value before it stays. Split the object it is made from.`,
  );
}
