import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Label, Service } from '@osm/model';
import { compareText } from '@osm/prelude';
import { labelKey, type CatalogIndexes, type CatalogInputs } from './catalog-inputs.ts';
import { podOfEndpoint, slicesOf } from './endpoint-pods.ts';
import { namespacedName, namespaceOf, type NamespacedName } from './names.ts';
import { hasEndpointsByHand } from './service-ports.ts';

/** Which pods stand behind which services: by label selector (as OSM), or by endpoints where there is none. */
export interface MembershipQueries {
  /** A service that counts: it exists, in a namespace of the mesh. */
  readonly service: Query<NamespacedName, Service | undefined>;
  /** A service without selector whose endpoints are all outside the mesh: an alias for something there, no service of the mesh. */
  readonly isOutside: Query<NamespacedName, boolean>;
  /** Services a pod stands behind, sorted. */
  readonly podServices: Query<NamespacedName, readonly NamespacedName[]>;
  /** Pods behind a service, sorted. */
  readonly servicePods: Query<NamespacedName, readonly NamespacedName[]>;
  /** Names of the service accounts of the pods behind a service, sorted. They are of the service's namespace. */
  readonly serviceAccounts: Query<NamespacedName, readonly string[]>;
  /** Services behind which pods of an account stand, sorted. */
  readonly accountServices: Query<NamespacedName, readonly NamespacedName[]>;
}

/** Creates the queries that join services and pods. */
export function createMembershipQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
): MembershipQueries {
  const service = db.query<NamespacedName, Service | undefined>({
    name: 'service',
    compute: (key, ctx) =>
      ctx.get(inputs.namespaces, namespaceOf(key)) === undefined
        ? undefined
        : ctx.get(inputs.services, key),
  });
  const sources = { inputs, indexes };
  const podServices = db.query<NamespacedName, readonly NamespacedName[]>({
    name: 'services of a pod',
    compute: (pod, ctx) => {
      const labels = ctx.get(inputs.podLabels, pod) ?? [];
      const namespace = namespaceOf(pod);
      const selecting = labels
        .flatMap((label) => ctx.keys(indexes.servicesBySelector, labelKey(namespace, label)))
        .map((key) => key as NamespacedName)
        .filter((key) => selects(ctx.read(service, key)?.selector ?? [], labels));
      const byHand = (
        ctx.keys(indexes.servicesWithoutSelector, namespace) as readonly NamespacedName[]
      ).filter((key) => ctx.read(servicePods, key).includes(pod));
      return [...selecting, ...byHand].sort(compareText);
    },
  });
  const servicePods: MembershipQueries['servicePods'] = db.query<
    NamespacedName,
    readonly NamespacedName[]
  >({
    name: 'pods of a service',
    compute: (key, ctx) => {
      const found = ctx.read(service, key);
      if (found === undefined) return [];
      if (hasEndpointsByHand(found)) return endpointPods(ctx, sources, key);
      const { selector } = found;
      return candidates(ctx, indexes, namespaceOf(key), selector).filter((pod) =>
        selects(selector, ctx.get(inputs.podLabels, pod) ?? []),
      );
    },
  });
  const serviceAccounts = db.query<NamespacedName, readonly string[]>({
    name: 'accounts of a service',
    compute: (key, ctx) => {
      const accounts = ctx
        .read(servicePods, key)
        .map((pod) => ctx.get(inputs.podIdentities, pod)?.serviceAccount)
        .filter((account) => account !== undefined);
      return sortedUnique(accounts);
    },
  });
  const accountServices = db.query<NamespacedName, readonly NamespacedName[]>({
    name: 'services of an account',
    compute: (account, ctx) =>
      sortedUnique(
        ctx
          .keys(indexes.podsByAccount, account)
          .flatMap((pod) => ctx.read(podServices, pod as NamespacedName)),
      ),
  });
  const isOutside = createOutsideQuery(db, sources, { service, servicePods });
  return { service, isOutside, podServices, servicePods, serviceAccounts, accountServices };
}

interface Sources {
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
}

function createOutsideQuery(
  db: Database,
  sources: Sources,
  known: Pick<MembershipQueries, 'service' | 'servicePods'>,
): MembershipQueries['isOutside'] {
  return db.query<NamespacedName, boolean>({
    name: 'is outside',
    compute: (key, ctx) => {
      const found = ctx.read(known.service, key);
      if (found === undefined || !hasEndpointsByHand(found)) return false;
      const hasEndpoints = slicesOf(ctx, sources, key).some((slice) => slice.endpoints.length > 0);
      return hasEndpoints && ctx.read(known.servicePods, key).length === 0;
    },
  });
}

/** The pods of the mesh among endpoints that were written by hand. */
function endpointPods(
  ctx: QueryContext,
  sources: Sources,
  service: NamespacedName,
): readonly NamespacedName[] {
  const pods = slicesOf(ctx, sources, service)
    .flatMap(({ endpoints }) => endpoints)
    .map((endpoint) => podOfEndpoint(ctx, sources, service, endpoint))
    .filter((pod) => pod !== undefined);
  return sortedUnique(pods);
}

/** The pods that carry the rarest label of the selector. */
function candidates(
  ctx: QueryContext,
  indexes: CatalogIndexes,
  namespace: string,
  selector: readonly Label[],
): readonly NamespacedName[] {
  let rarest: readonly string[] | undefined;
  for (const label of selector) {
    const pods = ctx.keys(indexes.podsByLabel, labelKey(namespace, label));
    if (rarest === undefined || pods.length < rarest.length) rarest = pods;
  }
  return (rarest ?? []) as readonly NamespacedName[];
}

/** An empty selector selects nothing. */
function selects(selector: readonly Label[], labels: readonly Label[]): boolean {
  return (
    selector.length > 0 &&
    selector.every(({ key, value }) =>
      labels.some((label) => label.key === key && label.value === value),
    )
  );
}

/** Sorted, each once. */
export function sortedUnique<T extends string>(texts: Iterable<T>): readonly T[] {
  return [...new Set(texts)].sort(compareText);
}

/** The key of a service in the same namespace as another one. */
export function sibling(service: NamespacedName, name: string): NamespacedName {
  return namespacedName(namespaceOf(service), name);
}
