import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { LeaseEvent, LeaseOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Entry, Link } from './link.ts';
import { followTable } from './table-follow.ts';

/** The bucket of all leases that the connection's account can see; one key per lease, the value names the holder. */
export const leaseBucket = 'leases';

const renewMs = 300;
/** Without an observed renewal for this long, by the observer's own clock, a lease may be taken. */
const deadMs = 1_200;

interface LeaseTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  /** Told of every candidate, so that a bus that closes can give its leases back first; returns how to forget it. */
  readonly onOpen: (release: () => Promise<void>) => () => void;
}

interface Candidate {
  readonly step: () => void;
  readonly release: () => Promise<void>;
  readonly close: () => void;
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
  const candidate = createCandidate(tools, options, (event) => {
    events.push(event);
    wakeUp();
  });
  const forget = tools.onOpen(candidate.release);
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

function createCandidate(
  { link, log, metrics }: LeaseTools,
  { name, holder }: LeaseOptions,
  emit: (event: LeaseEvent) => void,
): Candidate {
  const value = new TextEncoder().encode(holder);
  /** Who has it, as far as seen; undefined = nobody. */
  let current: string | undefined;
  /** Of the last message of the key, 0 = none. */
  let seq = 0;
  let observedMs = performance.now();
  /** The bucket was read since the last interruption. */
  let informed = false;
  let leading = false;
  let stepping = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const lead = (now: boolean): void => {
    if (leading === now) return;
    leading = now;
    log.info(now ? 'lease acquired' : 'lease lost', { lease: name, holder: current ?? '' });
    emit({ kind: now ? 'acquired' : 'lost' });
  };

  const observe = (who: string | undefined, at: number): void => {
    current = who;
    seq = at;
    observedMs = performance.now();
    if (who !== undefined) lead(who === holder);
    step();
  };

  const onEntry = (entry: Entry): void => {
    if (entry.key !== name || entry.seq < seq) return;
    observe(
      entry.bytes === undefined ? undefined : new TextDecoder().decode(entry.bytes),
      entry.seq,
    );
  };

  /** Milliseconds until there is something to do; 0 = now. */
  const dueMs = (): number => {
    if (leading) return current === holder ? renewMs : 0;
    return current === undefined ? 0 : Math.max(0, observedMs + deadMs - performance.now());
  };

  const write = async (): Promise<void> => {
    try {
      const at = await link.put({
        bucket: leaseBucket,
        key: name,
        bytes: value,
        expect: { kind: 'key', seq },
      });
      if (closed || at < seq) return;
      current = holder;
      seq = at;
      observedMs = performance.now();
      lead(true);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      // Somebody was faster, or our last write landed without an answer: what the bucket has now decides.
      if (error.code === 'bus_refused') follow.resync();
      else metrics.errors.inc({ code: error.code });
    }
  };

  const step = (waitMs = dueMs()): void => {
    clearTimeout(timer);
    if (closed || stepping || !informed) return;
    if (waitMs > 0) {
      timer = setTimeout(() => step(leading ? 0 : dueMs()), waitMs);
      return;
    }
    stepping = true;
    void write().then(() => {
      stepping = false;
      // After a failure not at once again; after success the next renewal.
      step(Math.max(dueMs(), renewMs));
    });
  };

  const follow = followTable({
    link,
    bucket: leaseBucket,
    log,
    metrics,
    create: { storage: 'file' },
    handler: {
      entry: onEntry,
      away: () => {
        informed = false;
        clearTimeout(timer);
      },
      reset: (entries, continuity) => {
        informed = true;
        const found = entries.find((entry) => entry.key === name);
        if (found !== undefined) {
          seq = 0;
          return onEntry(found);
        }
        // The bucket was lost with the lease in it: its holder, who is told at the same time, goes first.
        const patient = continuity === 'broken' && !leading && current !== undefined;
        observe(patient ? current : undefined, 0);
      },
    },
  });

  return {
    step,
    release: async () => {
      const held = informed && leading && current === holder;
      informed = false;
      clearTimeout(timer);
      if (!held || !link.connected()) return;
      try {
        await link.put({
          bucket: leaseBucket,
          key: name,
          bytes: undefined,
          expect: { kind: 'key', seq },
        });
      } catch (thrown) {
        log.debug('lease not given back: it runs out', { err: MeshError.from(thrown) });
      }
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      follow.close();
    },
  };
}
