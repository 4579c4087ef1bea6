import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { LeaseEvent, LeaseOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Entry, Link, PutRequest } from './link.ts';
import { TableFollower } from './table-follow.ts';
import type { Timing } from './timing.ts';

/** The bucket of all leases that the connection's account can see; one key per lease, its value is a `LeaseValue`. */
export const leaseBucket = 'leases';

const renewMs = 300;
/** After a renewal that failed. */
const retryMs = 100;
/** How long a lease lasts after its last renewal on a link without delay. Whoever renews over a slow one makes it last longer. */
const lastsMs = 1_600;
const tripMsMax = 2_000;
const sentKept = 16;
/** The holder steps down after this part of the time, counted from sending; others count all of it from hearing. */
const holderPart = 0.75;

interface LeaseValue {
  readonly holder: string;
  /** How long it lasts without another renewal, by the clock of whoever hears of it. */
  readonly lastsMs: number;
  /** Counts the holder's renewals. */
  readonly turn: number;
}

/** `<holder>\n<milliseconds>\n<turn>` */
function encodeValue({ holder, lastsMs: lasts, turn }: LeaseValue): Uint8Array {
  return new TextEncoder().encode(`${holder}\n${lasts}\n${turn}`);
}

function decodeValue(bytes: Uint8Array): LeaseValue {
  const [holder = '', lasts = '', turn = ''] = new TextDecoder().decode(bytes).split('\n');
  return { holder, lastsMs: Number(lasts) > 0 ? Number(lasts) : lastsMs, turn: Number(turn) };
}

interface LeaseTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
  /** Told of every candidate, so that a bus that closes can give its leases back first; returns how to forget it. */
  readonly onOpen: (release: () => Promise<void>) => () => void;
}

/** One candidate for a lease, until the signal aborts; a lease held then is given back, so that the next one has it at once. */
export async function* holdLease(
  tools: LeaseTools,
  options: LeaseOptions,
): AsyncGenerator<LeaseEvent, void, undefined> {
  const { signal } = options;
  let events: LeaseEvent[] = [];
  let wake: (() => void) | undefined;
  const wakeUp = (): void => {
    wake?.();
    wake = undefined;
  };
  const candidate = new Candidate(tools, options, (event) => {
    events.push(event);
    wakeUp();
  });
  const forget = tools.onOpen(() => candidate.release());
  signal.addEventListener('abort', wakeUp);
  try {
    while (!signal.aborted) {
      const batch = events;
      events = [];
      yield* batch;
      if (events.length > 0 || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', wakeUp);
    await candidate.release();
    candidate.close();
    forget();
  }
}

/**
 * At most one holder at a time: it renews, and steps down by itself before anybody else may take over; the others take over only when they
 * have not heard a renewal for as long as the lease lasts, while the server did answer: a silent server is no silent holder.
 */
class Candidate {
  readonly #tools: LeaseTools;
  readonly #name: string;
  readonly #holder: string;
  readonly #emit: (event: LeaseEvent) => void;
  readonly #follower: TableFollower;
  /** The last value seen, also of before the bucket was lost; undefined = nobody has it. */
  #current: LeaseValue | undefined;
  /** Of the last message of the key, 0 = none. */
  #seq = 0;
  #observedMs: number;
  /** The lease looked abandoned at this time: is the server's answer the same? */
  #askedMs: number | undefined;
  /** The bucket was read since the last interruption. */
  #informed = false;
  #leading = false;
  #writing = false;
  #closed = false;
  /** How long the last renewal took. */
  #tripMs = 0;
  /** When the last renewals were sent, by their turn. */
  readonly #sentMs = new Map<number, number>();
  #turn = 0;
  #cancelTimer: () => void = () => undefined;
  #cancelStepDown: () => void = () => undefined;

  constructor(
    tools: LeaseTools,
    { name, holder }: LeaseOptions,
    emit: (event: LeaseEvent) => void,
  ) {
    this.#tools = tools;
    this.#observedMs = tools.timing.now();
    this.#name = name;
    this.#holder = holder;
    this.#emit = emit;
    this.#follower = new TableFollower({
      ...tools,
      bucket: leaseBucket,
      create: { storage: 'file', keysMax: 1_000 },
      handler: {
        entry: (entry) => this.#seen(entry),
        away: () => this.#interrupted(),
        reset: (entries) => this.#reset(entries),
      },
    });
  }

  /** Gives the lease back if it is held. */
  async release(): Promise<void> {
    const { link, log } = this.#tools;
    const held = this.#informed && this.#leading && this.#isMine();
    this.#interrupted();
    this.#cancelStepDown();
    if (!held || !link.connected()) return;
    try {
      await link.put({ ...this.#place(), bytes: undefined });
    } catch (thrown) {
      log.debug('lease not given back: it runs out', { err: MeshError.from(thrown) });
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#cancelStepDown();
    this.#follower.close();
  }

  #isMine(): boolean {
    return this.#current?.holder === this.#holder;
  }

  #place(): Pick<PutRequest, 'bucket' | 'key' | 'expect'> {
    return { bucket: leaseBucket, key: this.#name, expect: { kind: 'key', seq: this.#seq } };
  }

  #interrupted(): void {
    this.#informed = false;
    this.#cancelTimer();
  }

  #reset(entries: readonly Entry[]): void {
    const { now } = this.#tools.timing;
    const isPrompt = now() - (this.#askedMs ?? -Infinity) < this.#lastsMs() / 2;
    const before = this.#seq;
    const found = entries.find((entry) => entry.key === this.#name);
    this.#askedMs = undefined;
    this.#informed = true;
    this.#seq = found?.seq ?? 0;
    const isUnchanged = this.#seq === before;
    if (isPrompt && isUnchanged && !this.#writing) return void this.#write();
    if (found !== undefined) return this.#seen(found);
    // Who gives a lease back leaves a deletion. Without one the bucket was lost: whoever had it, and is told at the same time, goes first.
    const isLost = this.#current !== undefined && !this.#isMine();
    if (isLost && isUnchanged) this.#schedule(this.#dueMs());
    else this.#observe(isLost ? this.#current : undefined, 0);
  }

  #seen(entry: Entry): void {
    if (entry.key !== this.#name || entry.seq < this.#seq) return;
    const { bytes, seq } = entry;
    const value = bytes === undefined ? undefined : decodeValue(bytes);
    if (value?.holder !== this.#holder || !this.#sentMs.has(value.turn))
      return this.#observe(value, seq);
    // The entry proves a renewal as its acknowledgement does, which may be late or lost.
    this.#won(value, seq);
    this.#schedule(this.#dueMs());
  }

  #observe(value: LeaseValue | undefined, seq: number): void {
    this.#current = value;
    this.#seq = seq;
    this.#observedMs = this.#tools.timing.now();
    if (value !== undefined && !this.#isMine()) this.#lead(false);
    this.#schedule(this.#dueMs());
  }

  #lead(now: boolean): void {
    if (!now) this.#cancelStepDown();
    if (this.#leading === now) return;
    this.#leading = now;
    const fields = { lease: this.#name, holder: this.#current?.holder ?? '' };
    this.#tools.log.info(now ? 'lease acquired' : 'lease lost', fields);
    this.#emit({ kind: now ? 'acquired' : 'lost' });
  }

  #lastsMs(): number {
    return this.#current?.lastsMs ?? lastsMs;
  }

  /** Milliseconds until there is something to write; 0 = now. */
  #dueMs(): number {
    if (this.#leading && this.#isMine()) return renewMs;
    if (this.#current === undefined || this.#isMine()) return 0;
    return Math.max(0, this.#observedMs + this.#lastsMs() - this.#tools.timing.now());
  }

  #schedule(waitMs: number): void {
    this.#cancelTimer();
    if (this.#closed || this.#writing || !this.#informed) return;
    if (waitMs === 0) return this.#act();
    this.#cancelTimer = this.#tools.timing.after(waitMs, () => {
      if (this.#leading || this.#dueMs() === 0) this.#act();
      else this.#schedule(this.#dueMs());
    });
  }

  #act(): void {
    if (this.#current === undefined || this.#isMine()) return void this.#write();
    // Whoever has it may have renewed it without us hearing of it: the server has to say that it did not.
    this.#askedMs = this.#tools.timing.now();
    this.#follower.resync();
  }

  async #write(): Promise<void> {
    const { link, metrics, timing } = this.#tools;
    this.#writing = true;
    const sentMs = timing.now();
    let failed = false;
    const turn = (this.#turn += 1);
    const value = { holder: this.#holder, lastsMs: lastsMs + 4 * Math.round(this.#tripMs), turn };
    this.#sentMs.set(turn, sentMs);
    this.#sentMs.delete(turn - sentKept);
    try {
      const seq = await link.put({ ...this.#place(), bytes: encodeValue(value) });
      if (!this.#closed && seq >= this.#seq) this.#won(value, seq);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      failed = true;
      // Somebody was faster, or our last write landed without an answer: what the bucket has now decides.
      if (error.code === 'bus_refused') this.#follower.resync();
      else metrics.errors.inc({ code: error.code });
    }
    this.#writing = false;
    // After a failure not at once again; after success the next renewal.
    this.#schedule(failed ? retryMs : Math.max(this.#dueMs(), renewMs));
  }

  #won(value: LeaseValue, seq: number): void {
    const { timing } = this.#tools;
    const sentMs = this.#sentMs.get(value.turn);
    // Told of twice, or of a life before this one.
    if (sentMs === undefined) return;
    this.#sentMs.delete(value.turn);
    this.#current = value;
    this.#seq = seq;
    this.#observedMs = timing.now();
    this.#tripMs = Math.min(Math.max(this.#observedMs - sentMs, 0.8 * this.#tripMs), tripMsMax);
    const leftMs = sentMs + value.lastsMs * holderPart - this.#observedMs;
    // After so late an answer the next one would come too late: it has to be a lease that lasts longer.
    if (!this.#leading && leftMs < renewMs + this.#tripMs) return;
    this.#cancelStepDown();
    this.#cancelStepDown = timing.after(Math.max(leftMs, 0), () => this.#lead(false));
    this.#lead(true);
  }
}
