import type { Database, Query } from '@osm/incremental';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import type { MembershipQueries } from './membership.ts';
import type { NamespacedName } from './names.ts';

/** Where gRPC without a sidecar takes part. In a mesh without it these cost nothing and never change. */
export interface ProxylessQueries {
  /** The mesh has proxyless pods. The key is ''. */
  readonly anyProxyless: Query<string, boolean>;
  /** Some of the pods behind a service are proxyless. */
  readonly proxylessServers: Query<NamespacedName, boolean>;
}

/** Creates the queries about proxyless pods. */
export function createProxylessQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Pick<MembershipQueries, 'servicePods'>,
): ProxylessQueries {
  const anyProxyless = db.query<string, boolean>({
    name: 'any proxyless pods',
    compute: (_, ctx) => ctx.keys(indexes.proxylessPods, '').length > 0,
  });
  const proxylessServers = db.query<NamespacedName, boolean>({
    name: 'proxyless pods of a service',
    compute: (service, ctx) =>
      ctx.read(anyProxyless, '') &&
      ctx
        .read(known.servicePods, service)
        .some((pod) => ctx.get(inputs.podIdentities, pod)?.proxyless === true),
  });
  return { anyProxyless, proxylessServers };
}
