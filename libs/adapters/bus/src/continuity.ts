import type { Entry, StreamState } from './link.ts';

/** The key of the epoch, in every bucket. */
export const epochKey = 'epoch';

/**
 * Whether the contents just read follow from what was known. `first`: nothing was known. `changed`: the same history, some of it unseen.
 * `broken`: another history: wiped, made again, or restored to an older state.
 */
export type Continuity = 'first' | 'changed' | 'broken';

/** How far a bucket is known. */
export interface Position {
  readonly created: string;
  readonly seq: number;
  /** Of the message at `seq`; empty when that message is not known. */
  readonly stamp: string;
  /** Of the latest message that is known, at `seq` or before. */
  readonly latestStamp: string;
  readonly epochStamp: string;
}

/** Compares what was just read of a bucket with what was known. */
export function judge(
  known: Position | undefined,
  state: StreamState,
  entries: readonly Entry[],
): Continuity {
  if (known === undefined) return 'first';
  const anchor = entries.find((entry) => entry.seq === known.seq);
  // The message seen last is there: the same history, also when the bucket was made again before it and followed without a gap.
  const isSame = anchor !== undefined && known.stamp !== '' && anchor.stamp === known.stamp;
  if (!isSame && (state.created !== known.created || state.lastSeq < known.seq)) return 'broken';
  if (anchor !== undefined && known.stamp !== '' && !isSame) return 'broken';
  const epoch = entries.find((entry) => entry.key === epochKey);
  if (known.epochStamp !== '' && (epoch === undefined || epoch.stamp < known.epochStamp))
    return 'broken';
  return 'changed';
}
