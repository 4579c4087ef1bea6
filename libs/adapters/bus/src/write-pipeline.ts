import { MeshError } from '@osm/prelude';
import type { Entry, Expectation, Link } from './link.ts';
import { createSendWindow, type SendWindow } from './send-window.ts';

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
  /** A text that nobody else has. */
  readonly uniqueId: () => string;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly onSent: () => void;
  readonly onAcked: (key: string) => void;
  /** Nothing more is sent until `start`. */
  readonly onFailed: (error: MeshError) => void;
  readonly onIdle: () => void;
}

/**
 * Sends writes in order, many in flight. Every write names the position in the stream and the write that it must follow, so that one that
 * fails makes all later ones fail: the stream never holds a later write without the earlier ones. The position alone would not do: when
 * others have written meanwhile, a later write's position may be right by chance. It also knows what the bucket will hold once all has arrived.
 *
 * A stream that several servers keep takes one write at a time instead: there the server compares the named write only after the members
 * have agreed on it, and a stream that is told a wrong one takes no further writes until its servers are started again (NATS 2.15).
 */
export class WritePipeline {
  readonly #options: PipelineOptions;
  readonly #window: SendWindow;
  #running = false;
  /** Several servers keep the stream. */
  #replicated = false;
  /** Acknowledgements of an earlier start mean nothing. */
  #generation = 0;
  #contents = new Map<string, Uint8Array>();
  #lastSeq = 0;
  /** Of the write at `lastSeq`, if it is ours. */
  #lastId: string | undefined;
  #chain = '';
  #sent = 0;
  #queue: WriteOp[] = [];
  #head = 0;
  #inFlight = 0;
  #inFlightOfKey = new Map<string, number>();
  /** Last message of each key; only in shared buckets. */
  #seqOfKey = new Map<string, number>();
  /** Writes whose entry has not come back, by the seq they will have. */
  #expected = new Map<number, { readonly key: string; readonly bytes: Uint8Array | undefined }>();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#window = createSendWindow(options.now);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Running, and everything has arrived. */
  get idle(): boolean {
    return this.#running && this.#inFlight === 0 && this.queued === 0;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** What the bucket holds once all in flight has arrived. */
  get contents(): ReadonlyMap<string, Uint8Array> {
    return this.#contents;
  }

  /** True when something was sent and neither answered nor seen: it may have been stored, or not. */
  get uncertain(): boolean {
    return this.#inFlight > 0 || this.#expected.size > 0;
  }

  /** Begins again from what the bucket holds; `replicated` when several servers keep it. */
  start(entries: readonly Entry[], lastSeq: number, replicated: boolean): void {
    this.stop();
    this.#replicated = replicated;
    this.#contents = new Map();
    this.#seqOfKey = new Map();
    for (const { key, bytes, seq } of entries) {
      if (this.#options.shared) this.#seqOfKey.set(key, seq);
      if (bytes !== undefined) this.#contents.set(key, bytes);
    }
    this.#lastSeq = lastSeq;
    this.#lastId = undefined;
    this.#chain = this.#options.uniqueId();
    this.#sent = 0;
    this.#running = true;
  }

  /** Forgets what is queued; what is in flight is not waited for. */
  stop(): void {
    this.#running = false;
    this.#generation += 1;
    this.#queue = [];
    this.#head = 0;
    this.#inFlight = 0;
    this.#window.reset();
    this.#inFlightOfKey = new Map();
    this.#expected = new Map();
  }

  push(op: WriteOp): void {
    // The latest op of all may be replaced; an earlier one may not, since others may rest on it.
    const last = this.queued > 0 ? this.#queue.at(-1) : undefined;
    if (last?.key === op.key && last.kind !== 'epoch') this.#queue[this.#queue.length - 1] = op;
    else this.#queue.push(op);
    this.#pump();
  }

  /** Tells of an entry of the stream; true when it changes nothing, because it is ours or says what is known. */
  seen(entry: Entry): boolean {
    const { shared } = this.#options;
    const mine = this.#expected.get(entry.seq);
    this.#expected.delete(entry.seq);
    if (mine?.key === entry.key && equalBytes(mine.bytes, entry.bytes)) return true;
    if (shared && this.#inFlightOfKey.has(entry.key)) return true;
    // Somebody was faster: what was sent for this position and later ones will be refused, and the bucket read again.
    const collided = !shared && entry.seq <= this.#lastSeq;
    if (entry.seq > this.#lastSeq) {
      this.#lastSeq = entry.seq;
      this.#lastId = undefined;
    }
    if (shared) this.#seqOfKey.set(entry.key, entry.seq);
    if (equalBytes(this.#contents.get(entry.key), entry.bytes)) return true;
    if (collided) return false;
    if (entry.bytes === undefined) this.#contents.delete(entry.key);
    else this.#contents.set(entry.key, entry.bytes);
    return false;
  }

  #pump(): void {
    while (this.#running && this.#head < this.#queue.length) {
      const op = this.#queue[this.#head];
      if (op === undefined) break;
      if (this.#mustWait(op)) return;
      if (!this.#window.hasRoom()) return;
      this.#head += 1;
      if (!this.#isNeedless(op)) this.#send(op);
    }
    if (!this.#running || this.queued > 0) return;
    this.#queue = [];
    this.#head = 0;
    if (this.#inFlight === 0) this.#options.onIdle();
  }

  /** In a shared bucket order is not enforced: an epoch waits for what it stands for, a deletion for what it deletes. */
  #mustWait(op: WriteOp): boolean {
    if (!this.#options.shared) return this.#replicated && this.#inFlight > 0;
    if (op.kind === 'epoch') return this.#inFlight > 0;
    return op.kind === 'delete' && this.#inFlightOfKey.has(op.key);
  }

  #isNeedless(op: WriteOp): boolean {
    if (op.kind === 'epoch') return false;
    // In a shared bucket somebody else's write may come between ours that are in flight.
    if (this.#options.shared && this.#inFlightOfKey.has(op.key)) return false;
    const now = this.#contents.get(op.key);
    if (op.kind === 'put') return equalBytes(now, op.bytes);
    return now === undefined || (op.onlyIf !== undefined && !equalBytes(now, op.onlyIf));
  }

  #send(op: WriteOp): void {
    const { link, bucket, shared, onSent, onAcked, onFailed } = this.#options;
    const { key } = op;
    const bytes = op.kind === 'put' ? op.bytes : op.kind === 'epoch' ? op.encode() : undefined;
    const generation = this.#generation;
    this.#inFlight += 1;
    const answered = this.#window.send(bytes?.length ?? 0);
    this.#inFlightOfKey.set(key, (this.#inFlightOfKey.get(key) ?? 0) + 1);
    if (bytes === undefined) this.#contents.delete(key);
    else this.#contents.set(key, bytes);
    const request = { bucket, key, bytes, expect: this.#expectation(op) };
    const id = shared || this.#replicated ? undefined : `${this.#chain}.${(this.#sent += 1)}`;
    if (!shared) {
      this.#lastSeq += 1;
      this.#lastId = id;
      this.#expected.set(this.#lastSeq, { key, bytes });
    }
    onSent();
    link.put(id === undefined ? request : { ...request, id }).then(
      (seq) => {
        if (generation !== this.#generation) return;
        answered();
        this.#settled(key);
        if (shared) this.#seqOfKey.set(key, seq);
        onAcked(key);
        this.#pump();
      },
      (thrown: unknown) => {
        if (generation !== this.#generation) return;
        this.stop();
        onFailed(MeshError.from(thrown));
      },
    );
  }

  #expectation(op: WriteOp): Expectation {
    if (!this.#options.shared) return { kind: 'stream', seq: this.#lastSeq, after: this.#lastId };
    // Refused when another instance has written the key since; the bucket is read then, and the deletion found needless.
    if (op.kind === 'delete') return { kind: 'key', seq: this.#seqOfKey.get(op.key) ?? 0 };
    return { kind: 'none' };
  }

  #settled(key: string): void {
    this.#inFlight -= 1;
    const left = (this.#inFlightOfKey.get(key) ?? 1) - 1;
    if (left === 0) this.#inFlightOfKey.delete(key);
    else this.#inFlightOfKey.set(key, left);
  }
}

/** Absent equals absent only. */
export function equalBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || Buffer.compare(a, b) === 0;
}
