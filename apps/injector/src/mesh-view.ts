import { buckets, type Bus } from '@osm/bus';
import type { MeshSettings, Namespace, Pod } from '@osm/model';
import type { Clock } from '@osm/prelude';
import type { CatalogObject } from '@osm/proto-mesh';

/** What the injector knows of the mesh. */
export interface MeshView {
  readonly namespace: (name: string) => Namespace | undefined;
  /** The same, but waits for a namespace that is not known yet, at most so long. */
  readonly namespaceSoon: (name: string, atMostMs: number) => Promise<Namespace | undefined>;
  /** Undefined until the catalog was complete once. */
  readonly settings: () => MeshSettings | undefined;
  /** Follows the catalog until the signal; calls back once it is complete. */
  readonly follow: (signal: AbortSignal, onComplete: () => void) => Promise<void>;
}

/** Keeps namespaces and settings of the catalog in memory; pods are passed on, the rest is not kept. */
export function createMeshView(bus: Bus, clock: Clock, podFound: (pod: Pod) => void): MeshView {
  const namespaces = new Map<string, Namespace>();
  let latest: MeshSettings | undefined;
  let complete = false;
  const waiting = new Set<() => void>();

  const put = (key: string, { kind }: CatalogObject): void => {
    if (kind?.$case === 'namespace') {
      namespaces.set(key, kind.value);
      for (const look of waiting) look();
    }
    if (kind?.$case === 'meshSettings') latest = kind.value;
    else if (kind?.$case === 'pod') podFound(kind.value);
  };
  const byName = (name: string): Namespace | undefined => {
    for (const namespace of namespaces.values()) if (namespace.name === name) return namespace;
    return undefined;
  };
  const byNameSoon = (name: string, atMostMs: number): Promise<Namespace | undefined> =>
    new Promise((resolve) => {
      const end = (found: Namespace | undefined): void => {
        waiting.delete(look);
        cancel();
        resolve(found);
      };
      const look = (): void => {
        const found = byName(name);
        if (found !== undefined) end(found);
      };
      const cancel = clock.after(atMostMs, () => end(undefined));
      waiting.add(look);
      look();
    });
  return {
    namespace: byName,
    namespaceSoon: byNameSoon,
    settings: () => (complete ? latest : undefined),
    follow: async (signal, onComplete) => {
      for await (const events of bus.watch(buckets.catalog, { signal }))
        for (const event of events) {
          if (event.kind === 'put') put(event.key, event.value);
          else if (event.kind === 'delete') namespaces.delete(event.key);
          else if (latest !== undefined) {
            complete = true;
            onComplete();
          }
        }
    },
  };
}
