import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Endpoint, EndpointSlice } from '@osm/model';
import { compareText } from '@osm/prelude';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { namespacedName, namespaceOf, type NamespacedName } from './names.ts';
import { sortedUnique, type MembershipQueries } from './membership.ts';
import { knownPorts, type KnownPort } from './service-ports.ts';
import type { SplitQueries } from './splits.ts';

/** A service as one class of clients sees it. */
export interface ServiceView {
  readonly service: NamespacedName;
  /** The accounts behind the service that may be called, sorted; undefined = all. */
  readonly accounts: readonly string[] | undefined;
}

/** A port that clients may dial, with the number of the pods' port behind it. */
export interface TargetedPort extends KnownPort {
  readonly targetPort: number;
}

/** Addresses under which (a host of) a service is dialled. */
export interface Place {
  /** Set for the pods of a StatefulSet behind a headless service. */
  readonly host: string | undefined;
  /** Sorted, not empty. */
  readonly addresses: readonly string[];
}

export interface EndpointQueries {
  readonly ports: Query<NamespacedName, readonly TargetedPort[]>;
  readonly places: Query<ServiceView, readonly Place[]>;
  /** The endpoints that a class of clients may call. Not a query: cheap, and used by queries that narrow it. */
  readonly endpoints: (ctx: QueryContext, view: ServiceView) => readonly VisibleEndpoint[];
}

export interface VisibleEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: EndpointSlice['ports'];
}

/** Creates the queries about where a service is and what stands behind it (OSM behaviour 5.1, 5.14, 5.23). */
export function createEndpointQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: MembershipQueries & SplitQueries,
): EndpointQueries {
  const slicesOf = (ctx: QueryContext, service: NamespacedName): readonly EndpointSlice[] =>
    ctx
      .keys(indexes.slicesByService, service)
      .map((key) => ctx.get(inputs.slices, key))
      .filter((slice) => slice !== undefined);

  const ports = db.query<NamespacedName, readonly TargetedPort[]>({
    name: 'ports',
    compute: (key, ctx) => {
      const service = ctx.read(known.service, key);
      if (service === undefined) return [];
      const numberOf = (port: KnownPort): number => {
        if (port.target.kind === 'number') return port.target.port;
        const { name } = port.target;
        const inSlices = slicesOf(ctx, key).flatMap((slice) =>
          slice.ports.filter((candidate) => candidate.name === port.name),
        );
        const inPods = ctx
          .read(known.servicePods, key)
          .flatMap((pod) => ctx.get(inputs.podNamedPorts, pod) ?? [])
          .filter((candidate) => candidate.name === name);
        return lowest(inSlices) ?? lowest(inPods) ?? port.port;
      };
      return knownPorts(service).map((port) => ({ ...port, targetPort: numberOf(port) }));
    },
  });

  const accountOf = (
    ctx: QueryContext,
    service: NamespacedName,
    endpoint: Endpoint,
  ): string | undefined => {
    const namespace = namespaceOf(service);
    if (endpoint.pod !== '') {
      return ctx.get(inputs.podIdentities, namespacedName(namespace, endpoint.pod))?.serviceAccount;
    }
    const pod = ctx
      .keys(indexes.podsByIp, endpoint.ip)
      .find((key) => namespaceOf(key as NamespacedName) === namespace);
    return pod === undefined ? undefined : ctx.get(inputs.podIdentities, pod)?.serviceAccount;
  };

  // Under enforced policy an endpoint that is no pod of the mesh vanishes; in permissive mode it remains (OSM behaviour 5.14).
  const endpoints = (ctx: QueryContext, view: ServiceView): readonly VisibleEndpoint[] => {
    const all = slicesOf(ctx, view.service).flatMap((slice) =>
      slice.endpoints.map((endpoint) => ({ endpoint, ports: slice.ports })),
    );
    if (view.accounts === undefined && ctx.get(inputs.permissive, '') === true) return all;
    const accounts = new Set(view.accounts ?? ctx.read(known.serviceAccounts, view.service));
    return all.filter(({ endpoint }) => {
      const account = accountOf(ctx, view.service, endpoint);
      return account !== undefined && accounts.has(account);
    });
  };

  const places = db.query<ServiceView, readonly Place[]>({
    name: 'places',
    keyText: ({ service, accounts }) => JSON.stringify([service, accounts]),
    compute: (view, ctx) => {
      const service = ctx.read(known.service, view.service);
      if (service === undefined) return [];
      if (!service.headless) return placeOf(undefined, service.clusterIps);
      const seen = endpoints(ctx, view).map(({ endpoint }) => endpoint);
      // A split decides itself where a call goes, whatever pod was dialled.
      const byHost = ctx.read(known.split, view.service) === undefined;
      return byHost
        ? placesByHost(seen)
        : placeOf(
            undefined,
            seen.map(({ ip }) => ip),
          );
    },
  });
  return { ports, places, endpoints };
}

function lowest(ports: readonly { readonly port: number }[]): number | undefined {
  return ports.length === 0 ? undefined : Math.min(...ports.map(({ port }) => port));
}

function placeOf(host: string | undefined, addresses: readonly string[]): readonly Place[] {
  return addresses.length === 0 ? [] : [{ host, addresses: sortedUnique(addresses) }];
}

/** One place per host name, and one for the endpoints without. An address belongs to one place only. */
function placesByHost(endpoints: readonly Endpoint[]): readonly Place[] {
  const sorted = [...endpoints].sort(
    (a, b) => compareText(a.hostname, b.hostname) || compareText(a.ip, b.ip),
  );
  const hostByIp = new Map<string, string>();
  // Later entries win: a host name before none.
  for (const { hostname, ip } of sorted) hostByIp.set(ip, hostname);
  const ipsByHost = new Map<string, string[]>();
  for (const [ip, hostname] of hostByIp) {
    ipsByHost.set(hostname, [...(ipsByHost.get(hostname) ?? []), ip]);
  }
  return sortedUnique(ipsByHost.keys()).flatMap((hostname) =>
    placeOf(hostname === '' ? undefined : hostname, ipsByHost.get(hostname) ?? []),
  );
}
