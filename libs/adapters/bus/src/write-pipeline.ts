import type { MeshError } from '@osm/prelude';
import type { Entry, Link } from './link.ts';

/** One write: a value, a deletion (no bytes), or an epoch, whose bytes are made when it is sent. */
export type WriteOp =
  | { readonly kind: 'put'; readonly key: string; readonly bytes: Uint8Array }
  | {
      readonly kind: 'delete';
      readonly key: string;
      /** Delete only if this is what the bucket has. */
      readonly onlyIf?: Uint8Array;
    }
  | { readonly kind: 'epoch'; readonly key: string; readonly encode: () => Uint8Array };

interface PipelineOptions {
  readonly link: Link;
  readonly bucket: string;
  /** Others write to this bucket too: no order is enforced against them. */
  readonly shared: boolean;
  readonly onSent: () => void;
  readonly onAcked: (key: string) => void;
  /** Nothing more is sent until `start`. */
  readonly onFailed: (error: MeshError) => void;
  readonly onIdle: () => void;
}

/**
 * Sends writes in order, many in flight. Every write names the stream position it must follow, so that one that fails makes all later
 * ones fail: the stream never holds a later write without the earlier ones. It also knows what the bucket will hold once all has arrived.
 */
export interface WritePipeline {
  /** Begins again from what the bucket holds. */
  readonly start: (contents: Map<string, Uint8Array>, lastSeq: number) => void;
  /** Forgets what is queued; in-flight writes are not waited for. */
  readonly stop: () => void;
  readonly push: (op: WriteOp) => void;
  /** Tells of an entry of the stream; true when it is one of ours. */
  readonly seen: (entry: Entry) => boolean;
  /** What the bucket holds once all in flight has arrived. */
  readonly contents: () => ReadonlyMap<string, Uint8Array>;
  readonly queued: () => number;
  readonly running: () => boolean;
  readonly idle: () => boolean;
}

const inFlightMax = 256;
const inFlightBytesMax = 8 << 20;

export function createWritePipeline(options: PipelineOptions): WritePipeline {
  const { link, bucket, shared } = options;
  let running = false;
  /** Acknowledgements of an earlier start mean nothing. */
  let generation = 0;
  let contents = new Map<string, Uint8Array>();
  let lastSeq = 0;
  let queue: WriteOp[] = [];
  let head = 0;
  let inFlight = 0;
  let inFlightBytes = 0;
  let inFlightOfKey = new Map<string, number>();
  /** Writes whose entry has not come back, by the seq they will have. */
  let expected = new Map<
    number,
    { readonly key: string; readonly bytes: Uint8Array | undefined }
  >();

  const stop = (): void => {
    running = false;
    generation += 1;
    queue = [];
    head = 0;
    inFlight = 0;
    inFlightBytes = 0;
    inFlightOfKey = new Map();
    expected = new Map();
  };

  const isNeedless = (op: WriteOp): boolean => {
    if (op.kind === 'epoch') return false;
    // In a shared bucket somebody else's write may come between ours that are in flight.
    if (shared && inFlightOfKey.has(op.key)) return false;
    const now = contents.get(op.key);
    if (op.kind === 'put') return equalBytes(now, op.bytes);
    return now === undefined || (op.onlyIf !== undefined && !equalBytes(now, op.onlyIf));
  };

  const settled = (key: string, size: number): void => {
    inFlight -= 1;
    inFlightBytes -= size;
    const left = (inFlightOfKey.get(key) ?? 1) - 1;
    if (left === 0) inFlightOfKey.delete(key);
    else inFlightOfKey.set(key, left);
  };

  const send = (op: WriteOp): void => {
    const bytes = op.kind === 'put' ? op.bytes : op.kind === 'epoch' ? op.encode() : undefined;
    const size = bytes?.length ?? 0;
    const mine = generation;
    inFlight += 1;
    inFlightBytes += size;
    inFlightOfKey.set(op.key, (inFlightOfKey.get(op.key) ?? 0) + 1);
    if (bytes === undefined) contents.delete(op.key);
    else contents.set(op.key, bytes);
    const expect = shared
      ? ({ kind: 'none' } as const)
      : ({ kind: 'stream', seq: lastSeq } as const);
    if (!shared) {
      lastSeq += 1;
      expected.set(lastSeq, { key: op.key, bytes });
    }
    options.onSent();
    link.put({ bucket, key: op.key, bytes, expect }).then(
      () => {
        if (mine !== generation) return;
        settled(op.key, size);
        options.onAcked(op.key);
        pump();
      },
      (error: MeshError) => {
        if (mine !== generation) return;
        stop();
        options.onFailed(error);
      },
    );
  };

  const pump = (): void => {
    while (running && head < queue.length) {
      const op = queue[head];
      if (op === undefined) break;
      // Without an enforced order an epoch must wait for what it stands for.
      if (op.kind === 'epoch' && shared && inFlight > 0) return;
      if (inFlight >= inFlightMax || inFlightBytes >= inFlightBytesMax) return;
      head += 1;
      if (!isNeedless(op)) send(op);
    }
    if (!running || head < queue.length) return;
    queue = [];
    head = 0;
    if (inFlight === 0) options.onIdle();
  };

  const push = (op: WriteOp): void => {
    // The latest op of all may be replaced; an earlier one may not, since others may rest on it.
    const last = queue.length > head ? queue.at(-1) : undefined;
    if (last?.key === op.key && last.kind !== 'epoch') queue[queue.length - 1] = op;
    else queue.push(op);
    pump();
  };

  const seen = (entry: Entry): boolean => {
    const mine = expected.get(entry.seq);
    expected.delete(entry.seq);
    if (mine?.key === entry.key && equalBytes(mine.bytes, entry.bytes)) return true;
    if (equalBytes(contents.get(entry.key), entry.bytes)) {
      lastSeq = Math.max(lastSeq, entry.seq);
      return true;
    }
    if (inFlightOfKey.has(entry.key)) return shared;
    if (entry.bytes === undefined) contents.delete(entry.key);
    else contents.set(entry.key, entry.bytes);
    // What is in flight now will be refused, and the follower starts us again.
    lastSeq = Math.max(lastSeq, entry.seq);
    return false;
  };

  return {
    start: (from, seq) => {
      stop();
      contents = from;
      lastSeq = seq;
      running = true;
    },
    stop,
    push,
    seen,
    contents: () => contents,
    queued: () => queue.length - head,
    running: () => running,
    idle: () => running && inFlight === 0 && head === queue.length,
  };
}

/** Absent equals absent only. */
export function equalBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || Buffer.compare(a, b) === 0;
}
