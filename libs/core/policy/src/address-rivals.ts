import type { Database, Query } from '@osm/incremental';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import type { EndpointQueries } from './endpoints.ts';
import { namespacedName, type NamespacedName } from './names.ts';
import { sortedUnique, type MembershipQueries } from './membership.ts';

/** Another service that is dialled at the same address and port. */
export interface Rival {
  readonly service: NamespacedName;
  readonly port: number;
}

/**
 * Creates the query for the services that share an address and a port with a service, sorted: two headless services over the
 * same pods do. The address chooses the service, so one client can call only one of them.
 */
export function createRivalsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: MembershipQueries & EndpointQueries,
): Query<NamespacedName, readonly Rival[]> {
  return db.query<NamespacedName, readonly Rival[]>({
    name: 'address rivals',
    compute: (key, ctx) => {
      const addresses = ctx
        .read(known.places, { service: key, accounts: undefined })
        .flatMap((place) => place.addresses);
      const ports = new Set(ctx.read(known.ports, key).map(({ port }) => port));
      const headlessAt = (address: string): readonly NamespacedName[] =>
        ctx
          .keys(indexes.slicesByIp, address)
          .map((slice) => ctx.get(inputs.slices, slice))
          .filter((slice) => slice !== undefined)
          .map(({ namespace, service }) => namespacedName(namespace, service))
          .filter((other) => ctx.read(known.service, other)?.headless === true);
      const others = addresses.flatMap((address) => [
        ...(ctx.keys(indexes.servicesByAddress, address) as readonly NamespacedName[]),
        ...headlessAt(address),
      ]);
      return sortedUnique(others)
        .filter((other) => other !== key)
        .flatMap((service) =>
          ctx
            .read(known.ports, service)
            .filter(({ port }) => ports.has(port))
            .map(({ port }) => ({ service, port })),
        );
    },
  });
}
