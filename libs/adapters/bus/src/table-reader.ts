import { createHash } from 'node:crypto';
import { Epoch } from '@osm/proto-mesh';
import type { QueuedEvent } from './event-queue.ts';
import type { Entry } from './link.ts';
import { epochKey, type Continuity } from './continuity.ts';
import { type FollowHandler } from './table-follow.ts';

/**
 * Turns what a bucket's stream says into differences for a reader, whatever happens to the stream. It remembers a hash per key that it
 * has reported.
 *
 * After the bucket got another history (wiped, restored to an older state) the reader holds everything back until the owner's next epoch, and
 * then reports the difference: nobody acts on an older state, and a bucket that was rebuilt with the same contents causes no event. It also
 * goes on when the message reported last is there again: the older state is gone, and its owner, who never saw it, writes no epoch.
 */
export function createTableReader(emit: (event: QueuedEvent) => void): FollowHandler {
  const reports = createReports(emit);
  /** The bucket as read while waiting for an epoch; undefined when not waiting. */
  let held: Map<string, Entry> | undefined;
  /** The message reported last. */
  let latest: Pick<Entry, 'seq' | 'stamp'> | undefined;
  const isLatest = ({ seq, stamp }: Entry): boolean =>
    latest?.seq === seq && latest.stamp === stamp;

  const reset = (entries: readonly Entry[], continuity: Continuity): void => {
    const bucket = new Map<string, Entry>();
    for (const entry of entries) if (entry.bytes !== undefined) bucket.set(entry.key, entry);
    const epoch = bucket.get(epochKey);
    const lastEpoch = reports.lastEpoch();
    const mayHold = held !== undefined || continuity === 'broken';
    // An epoch of before the break says nothing about the contents of now; a newer one does.
    const fresh = epoch !== undefined && (lastEpoch === undefined || epoch.stamp > lastEpoch.stamp);
    held = undefined;
    if (lastEpoch !== undefined && mayHold && !fresh && !entries.some(isLatest)) {
      held = bucket;
    } else {
      latest = entries.at(-1);
      reports.all(bucket);
    }
  };

  return {
    reset,
    holding: () => held !== undefined,
    entry: (entry) => {
      if (held !== undefined) {
        held.delete(entry.key);
        if (entry.bytes !== undefined) held.set(entry.key, entry);
        const isEpoch = entry.key === epochKey && entry.bytes !== undefined;
        if (!isEpoch && !isLatest(entry)) return;
        const bucket = held;
        held = undefined;
        latest = entry;
        reports.all(bucket);
        return;
      }
      latest = entry;
      if (entry.key !== epochKey) reports.one(entry);
      else if (entry.bytes !== undefined) reports.complete(entry);
    },
  };
}

/** What the consumer knows, and how it hears of what differs. */
interface Reports {
  readonly one: (entry: Entry) => void;
  readonly complete: (epoch: Entry) => void;
  /** A whole bucket: puts that differ, and deletions if it is complete. */
  readonly all: (bucket: ReadonlyMap<string, Entry>) => void;
  readonly lastEpoch: () => Entry | undefined;
}

function createReports(emit: (event: QueuedEvent) => void): Reports {
  /** Hash of the value reported last, by key. */
  const reported = new Map<string, string>();
  /** Reported, and missing from a bucket without epoch: to be deleted with the next one. */
  let orphans = new Set<string>();
  let lastEpoch: Entry | undefined;

  const one = (entry: Entry): void => {
    if (entry.bytes === undefined) {
      if (reported.delete(entry.key)) emit({ kind: 'delete', key: entry.key });
      return;
    }
    orphans.delete(entry.key);
    const hash = hashOf(entry.bytes);
    if (reported.get(entry.key) === hash) return;
    reported.set(entry.key, hash);
    emit({ kind: 'put', key: entry.key, bytes: entry.bytes });
  };
  const complete = (entry: Entry): void => {
    for (const key of orphans) if (reported.delete(key)) emit({ kind: 'delete', key });
    orphans = new Set();
    const known = lastEpoch;
    lastEpoch = entry;
    if (known?.seq === entry.seq && known.stamp === entry.stamp) return;
    emit({ kind: 'complete', epoch: epochId(entry) });
  };
  const all = (bucket: ReadonlyMap<string, Entry>): void => {
    for (const [key, entry] of bucket) if (key !== epochKey) one(entry);
    for (const key of reported.keys()) if (!bucket.has(key)) orphans.add(key);
    const epoch = bucket.get(epochKey);
    if (epoch !== undefined) complete(epoch);
  };
  return { one, complete, all, lastEpoch: () => lastEpoch };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}

function epochId(entry: Entry): string {
  try {
    return Epoch.decode(entry.bytes ?? new Uint8Array()).id;
  } catch {
    // An epoch of unknown form is an epoch all the same.
    return `${entry.seq}`;
  }
}
