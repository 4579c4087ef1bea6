import type { Database, Query } from '@osm/incremental';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { sortedUnique } from './membership.ts';
import { nameOf, type NamespacedName } from './names.ts';

/** The TrafficSplit that counts for a root service. */
export interface Split {
  readonly key: NamespacedName;
  /** Sorted by service; a service named several times has the sum of its weights. */
  readonly backends: readonly { readonly service: string; readonly weight: number }[];
}

export interface SplitQueries {
  /** Of several splits for one root the first by name counts. */
  readonly split: Query<NamespacedName, Split | undefined>;
  /** Names of the services where calls of a service may go: its backends, or the service itself. Sorted. */
  readonly destinations: Query<NamespacedName, readonly string[]>;
}

/** Creates the queries about TrafficSplits (as OSM). */
export function createSplitQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
): SplitQueries {
  const split = db.query<NamespacedName, Split | undefined>({
    name: 'split',
    compute: (root, ctx) => {
      const key = ctx.keys(indexes.splitsByRoot, root)[0] as NamespacedName | undefined;
      const found = key === undefined ? undefined : ctx.get(inputs.splits, key);
      if (key === undefined || found === undefined) return undefined;
      const weights = new Map<string, number>();
      for (const { service, weight } of found.backends) {
        weights.set(service, (weights.get(service) ?? 0) + weight);
      }
      const backends = sortedUnique(weights.keys()).map((service) => ({
        service,
        weight: weights.get(service) ?? 0,
      }));
      return { key, backends };
    },
  });
  const destinations = db.query<NamespacedName, readonly string[]>({
    name: 'destinations',
    compute: (service, ctx) =>
      ctx.read(split, service)?.backends.map((backend) => backend.service) ?? [nameOf(service)],
  });
  return { split, destinations };
}
