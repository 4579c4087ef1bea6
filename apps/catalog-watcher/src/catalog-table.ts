import { buckets, type Bus, type OwnedTable } from '@osm/bus';
import type { CatalogValue } from '@osm/model';
import type { CatalogObject } from '@osm/proto-mesh';
import type { CatalogChange } from '@osm/resources';

/**
 * The catalog on the bus, written only by the leader and only once the list is complete: before that an object may be a lower
 * layer's, or may lack its namespace.
 */
export interface CatalogTable {
  readonly lead: () => void;
  readonly follow: () => Promise<void>;
  /** The catalog is complete. */
  readonly listed: () => void;
  readonly apply: (changes: readonly CatalogChange[]) => void;
}

export function createCatalogTable(
  bus: Bus,
  objects: () => ReadonlyMap<string, CatalogValue>,
): CatalogTable {
  let table: OwnedTable<CatalogObject> | undefined;
  let listed = false;
  const fill = (): void => {
    if (table === undefined || !listed) return;
    for (const [key, value] of objects()) table.set(key, messageOf(value));
    table.complete();
  };
  return {
    lead: () => {
      table = bus.own(buckets.catalog);
      fill();
    },
    follow: async () => {
      const closing = table;
      table = undefined;
      await closing?.close();
    },
    listed: () => {
      listed = true;
      fill();
    },
    apply: (changes) => {
      if (table === undefined || !listed) return;
      for (const change of changes) {
        if (change.kind === 'put') table.set(change.key, messageOf(change.value));
        else table.remove(change.key);
      }
    },
  };
}

/** The message for a value. The bus only encodes it, so the read-only value may stand for the generated mutable type. */
function messageOf(value: CatalogValue): CatalogObject {
  return { kind: value as NonNullable<CatalogObject['kind']> };
}
