import type { QueryContext } from '@osm/incremental';
import type { Endpoint, EndpointSlice } from '@osm/model';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { namespacedName, namespaceOf, type NamespacedName } from './names.ts';

interface Sources {
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
}

/** The EndpointSlices of a service, sorted by key. */
export function slicesOf(
  ctx: QueryContext,
  { inputs, indexes }: Sources,
  service: NamespacedName,
): readonly EndpointSlice[] {
  return ctx
    .keys(indexes.slicesByService, service)
    .map((key) => ctx.get(inputs.slices, key))
    .filter((slice) => slice !== undefined);
}

/** The pod of the mesh behind an endpoint, known by its name, else by its address. It is of the service's namespace. */
export function podOfEndpoint(
  ctx: QueryContext,
  { inputs, indexes }: Sources,
  service: NamespacedName,
  { pod, ip }: Endpoint,
): NamespacedName | undefined {
  const namespace = namespaceOf(service);
  if (pod !== '') {
    const key = namespacedName(namespace, pod);
    return ctx.get(inputs.podIdentities, key) === undefined ? undefined : key;
  }
  return (ctx.keys(indexes.podsByIp, ip) as readonly NamespacedName[]).find(
    (key) => namespaceOf(key) === namespace,
  );
}
