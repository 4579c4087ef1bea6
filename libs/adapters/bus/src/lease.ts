import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { LeaseEvent, LeaseOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Entry, Link, PutRequest } from './link.ts';
import { TableFollower, type Continuity } from './table-follow.ts';
import type { Timing } from './timing.ts';

/** The bucket of all leases that the connection's account can see; one key per lease, the value names the holder. */
export const leaseBucket = 'leases';

const renewMs = 300;
/** Without an observed renewal for this long, by the observer's own clock, a lease may be taken. */
const deadMs = 1_200;

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

class Candidate {
  readonly #tools: LeaseTools;
  readonly #name: string;
  readonly #holder: string;
  readonly #emit: (event: LeaseEvent) => void;
  readonly #follower: TableFollower;
  /** Who has it, as far as seen; undefined = nobody. */
  #current: string | undefined;
  /** Of the last message of the key, 0 = none. */
  #seq = 0;
  #observedMs: number;
  /** The bucket was read since the last interruption. */
  #informed = false;
  #leading = false;
  #writing = false;
  #closed = false;
  #cancelTimer: () => void = () => undefined;

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
      create: { storage: 'file' },
      handler: {
        entry: (entry) => this.#seen(entry),
        away: () => this.#interrupted(),
        reset: (entries, continuity) => this.#reset(entries, continuity),
      },
    });
  }

  /** Gives the lease back if it is held. */
  async release(): Promise<void> {
    const { link, log } = this.#tools;
    const held = this.#informed && this.#leading && this.#current === this.#holder;
    this.#interrupted();
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
    this.#follower.close();
  }

  #place(): Pick<PutRequest, 'bucket' | 'key' | 'expect'> {
    return { bucket: leaseBucket, key: this.#name, expect: { kind: 'key', seq: this.#seq } };
  }

  #interrupted(): void {
    this.#informed = false;
    this.#cancelTimer();
  }

  #reset(entries: readonly Entry[], continuity: Continuity): void {
    this.#informed = true;
    this.#seq = 0;
    const found = entries.find((entry) => entry.key === this.#name);
    if (found !== undefined) return this.#seen(found);
    // The bucket was lost with the lease in it: its holder, who is told at the same time, goes first.
    const patient = continuity === 'broken' && !this.#leading;
    this.#observe(patient ? this.#current : undefined, 0);
  }

  #seen(entry: Entry): void {
    if (entry.key !== this.#name || entry.seq < this.#seq) return;
    const { bytes, seq } = entry;
    this.#observe(bytes === undefined ? undefined : new TextDecoder().decode(bytes), seq);
  }

  #observe(who: string | undefined, seq: number): void {
    this.#current = who;
    this.#seq = seq;
    this.#observedMs = this.#tools.timing.now();
    if (who !== undefined) this.#lead(who === this.#holder);
    this.#schedule(this.#dueMs());
  }

  #lead(now: boolean): void {
    if (this.#leading === now) return;
    this.#leading = now;
    const fields = { lease: this.#name, holder: this.#current ?? '' };
    this.#tools.log.info(now ? 'lease acquired' : 'lease lost', fields);
    this.#emit({ kind: now ? 'acquired' : 'lost' });
  }

  /** Milliseconds until there is something to write; 0 = now. */
  #dueMs(): number {
    if (this.#leading) return this.#current === this.#holder ? renewMs : 0;
    if (this.#current === undefined) return 0;
    return Math.max(0, this.#observedMs + deadMs - this.#tools.timing.now());
  }

  #schedule(waitMs: number): void {
    this.#cancelTimer();
    if (this.#closed || this.#writing || !this.#informed) return;
    if (waitMs === 0) return void this.#write();
    this.#cancelTimer = this.#tools.timing.after(waitMs, () => {
      if (this.#leading || this.#dueMs() === 0) void this.#write();
      else this.#schedule(this.#dueMs());
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      const bytes = new TextEncoder().encode(this.#holder);
      const seq = await this.#tools.link.put({ ...this.#place(), bytes });
      if (!this.#closed && seq >= this.#seq) this.#won(seq);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      // Somebody was faster, or our last write landed without an answer: what the bucket has now decides.
      if (error.code === 'bus_refused') this.#follower.resync();
      else this.#tools.metrics.errors.inc({ code: error.code });
    }
    this.#writing = false;
    // After a failure not at once again; after success the next renewal.
    this.#schedule(Math.max(this.#dueMs(), renewMs));
  }

  #won(seq: number): void {
    this.#current = this.#holder;
    this.#seq = seq;
    this.#observedMs = this.#tools.timing.now();
    this.#lead(true);
  }
}
