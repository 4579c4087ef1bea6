import { MeshError, type Clock, type Random } from '@osm/prelude';
import type { ApiServer } from './api-server.ts';
import { followResource, type FollowNote } from './follow-resource.ts';
import { apiVersionOf, resourcePath, type ObjectMeta } from './resource-type.ts';
import { resourceTypes } from './resource-types.ts';

/** What a candidate hears: it leads from now on, or no more. */
export type LeadershipEvent = { readonly kind: 'acquired' } | { readonly kind: 'lost' };

/** Which Lease, and who asks for it. */
export interface ElectionOptions {
  readonly namespace: string;
  /** Name of the Lease object. */
  readonly name: string;
  /** This candidate, unlike all others. */
  readonly holder: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly note?: (note: FollowNote) => void;
}

const leaseType = resourceTypes.lease;

interface Lease {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
  };
}

/** Others may lead after so long without a renewal that they saw, by their own clock. */
const durationMs = 4_000;
const renewMs = 1_000;
/** A leader that cannot renew steps down after so long, before anybody else may lead. */
const patienceMs = 3_000;

/**
 * Candidate for leading, until the signal aborts. A leader that ends gives the lease back, and the next one, who watches it, leads at
 * once; one that dies is followed within 5 s. Times of other machines are never compared.
 */
export async function* electLeader(
  server: ApiServer,
  options: ElectionOptions,
): AsyncGenerator<LeadershipEvent, void, undefined> {
  const candidate = new Candidate(server, options);
  const watching = candidate.watch();
  try {
    while (!options.signal.aborted) {
      const before = candidate.leading;
      await candidate.step();
      if (candidate.leading !== before) yield { kind: candidate.leading ? 'acquired' : 'lost' };
      await candidate.rest();
    }
  } finally {
    await candidate.release();
    await watching;
  }
}

class Candidate {
  readonly #server: ApiServer;
  readonly #options: ElectionOptions;
  /** What is known of the Lease; undefined: there is none. */
  #lease: Lease | undefined;
  #informed = false;
  #observedMs: number;
  #renewedMs = 0;
  #wake: () => void = () => undefined;
  leading = false;

  constructor(server: ApiServer, options: ElectionOptions) {
    this.#server = server;
    this.#options = options;
    this.#observedMs = options.clock.now();
  }

  async watch(): Promise<void> {
    const { namespace, name, signal, clock, random, note } = this.#options;
    const follower = followResource(this.#server, leaseType, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      signal,
      clock,
      random,
      ...(note === undefined ? {} : { note }),
    });
    for await (const { events } of follower.batches()) {
      for (const event of events) {
        this.#observe(event.kind === 'put' ? (event.object as Lease) : undefined);
      }
      this.#informed = true;
      this.#wake();
    }
  }

  /** Renews, takes, or steps down: whatever is due. */
  async step(): Promise<void> {
    const now = this.#options.clock.now();
    if (this.leading) {
      if (this.#holder() !== this.#options.holder) this.leading = false;
      else if (now - this.#renewedMs >= renewMs) await this.#write();
      if (this.leading && now - this.#renewedMs >= patienceMs) this.leading = false;
    } else if (this.#informed && this.#freeInMs(now) === 0) {
      await this.#write();
    }
  }

  /** Waits until there may be something to do. */
  rest(): Promise<void> {
    const { clock, signal } = this.#options;
    const now = clock.now();
    const dueMs = this.leading ? renewMs - (now - this.#renewedMs) : this.#freeInMs(now);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        this.#wake = () => undefined;
        resolve();
      };
      // After a failed attempt not at once again.
      const cancel = clock.after(Math.max(dueMs, renewMs / 4), end);
      signal.addEventListener('abort', end, { once: true });
      this.#wake = end;
    });
  }

  /** Gives the lease back if it is held. */
  async release(): Promise<void> {
    if (!this.leading || this.#lease === undefined) return;
    this.leading = false;
    const spec = { ...this.#lease.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await this.#put({ ...this.#lease, spec }).catch(() => undefined);
  }

  #holder(): string | undefined {
    const holder = this.#lease?.spec?.holderIdentity;
    return holder === '' ? undefined : holder;
  }

  #freeInMs(now: number): number {
    if (this.#holder() === undefined || this.#holder() === this.#options.holder) return 0;
    const wait = (this.#lease?.spec?.leaseDurationSeconds ?? durationMs / 1000) * 1000;
    return Math.max(0, this.#observedMs + wait - now);
  }

  #observe(lease: Lease | undefined): void {
    if (lease?.metadata.resourceVersion === this.#lease?.metadata.resourceVersion) return;
    this.#lease = lease;
    this.#observedMs = this.#options.clock.now();
  }

  async #write(): Promise<void> {
    const { holder, clock } = this.#options;
    const now = clock.now();
    const time = new Date(now).toISOString().replace('Z', '000Z');
    const before = this.#lease?.spec;
    const keeps = before?.holderIdentity === holder;
    const spec = {
      holderIdentity: holder,
      leaseDurationSeconds: durationMs / 1000,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (keeps ? 0 : 1),
      acquireTime: keeps ? (before.acquireTime ?? time) : time,
      renewTime: time,
    };
    try {
      this.#observe(await this.#put({ ...this.#lease, spec }));
      this.#renewedMs = now;
      this.leading = true;
    } catch (thrown) {
      // Somebody was faster: the watch tells who. Anything else is tried again until patience ends.
      const { code } = MeshError.from(thrown);
      if (code === 'api_conflict' || code === 'not_found') await this.#refresh();
    }
  }

  async #put(lease: Omit<Lease, 'metadata'> & { readonly metadata?: ObjectMeta }): Promise<Lease> {
    const { namespace, name } = this.#options;
    const exists = lease.metadata !== undefined;
    const metadata = { ...lease.metadata, name, namespace };
    return (await this.#server.ask({
      method: exists ? 'PUT' : 'POST',
      path: resourcePath(leaseType, exists ? { namespace, name } : { namespace }),
      body: {
        apiVersion: apiVersionOf(leaseType),
        kind: leaseType.kind,
        metadata,
        spec: lease.spec,
      },
      // An answer that is later than that is of no use.
      signal: AbortSignal.timeout(patienceMs),
    })) as Lease;
  }

  async #refresh(): Promise<void> {
    const { namespace, name } = this.#options;
    try {
      this.#observe(
        (await this.#server.ask({ path: resourcePath(leaseType, { namespace, name }) })) as Lease,
      );
    } catch (thrown) {
      if (MeshError.from(thrown).code === 'not_found') this.#observe(undefined);
    }
  }
}
