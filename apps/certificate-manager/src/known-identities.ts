import { buckets, type Bus } from '@osm/bus';
import { encodeKey, formatIdentity, type Identity, type IdentityText } from '@osm/model';
import type { Clock } from '@osm/prelude';
import type { CatalogObject } from '@osm/proto-mesh';

/** The identities of the mesh: service accounts of namespaces that belong to it. */
export interface KnownIdentities {
  /**
   * Waits a moment for an identity that is not known: the catalog may be behind the pod that needs it. `unready`: the catalog itself is
   * not known yet.
   */
  readonly await: (identity: Identity) => Promise<'known' | 'unknown' | 'unready'>;
  /** Follows the catalog until the signal; calls back once it is complete. */
  readonly follow: (bus: Bus, signal: AbortSignal, onComplete: () => void) => Promise<void>;
}

/** Shorter than anybody waits for an answer; who is refused may ask again. */
const waitMs = 1_000;

/** Keeps namespaces and service accounts of the catalog in memory; the rest of it is not kept. */
export function createKnownIdentities(clock: Pick<Clock, 'after'>): KnownIdentities {
  /** Keys of the catalog that stand for namespaces; the name of one follows from its key alone. */
  const namespaces = new Set<string>();
  const accounts = new Map<string, Identity>();
  const known = new Set<IdentityText>();
  const waiting = new Set<() => void>();
  let complete = false;

  const put = (key: string, { kind }: CatalogObject): void => {
    if (kind?.$case === 'namespace') namespaces.add(key);
    if (kind?.$case !== 'serviceAccount') return;
    const { namespace, name } = kind.value;
    const identity: Identity = { namespace, serviceAccount: name };
    accounts.set(key, identity);
    known.add(formatIdentity(identity));
  };
  const remove = (key: string): void => {
    namespaces.delete(key);
    const identity = accounts.get(key);
    if (identity === undefined) return;
    accounts.delete(key);
    known.delete(formatIdentity(identity));
  };
  const has = (identity: Identity): boolean =>
    complete &&
    known.has(formatIdentity(identity)) &&
    namespaces.has(encodeKey(['namespace', '', identity.namespace]));

  return {
    await: (identity) => {
      if (has(identity)) return Promise.resolve('known');
      return new Promise((resolve) => {
        const end = (): void => {
          waiting.delete(check);
          cancel();
          resolve(has(identity) ? 'known' : complete ? 'unknown' : 'unready');
        };
        const check = (): void => {
          if (has(identity)) end();
        };
        waiting.add(check);
        const cancel = clock.after(waitMs, end);
      });
    },
    follow: async (bus, signal, onComplete) => {
      for await (const events of bus.watch(buckets.catalog, { signal })) {
        for (const event of events) {
          if (event.kind === 'put') put(event.key, event.value);
          else if (event.kind === 'delete') remove(event.key);
          else {
            complete = true;
            onComplete();
          }
        }
        for (const check of [...waiting]) check();
      }
    },
  };
}
