import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Endpoint, EndpointSlice } from '@osm/model';
import { compareText } from '@osm/prelude';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { podOfEndpoint, slicesOf } from './endpoint-pods.ts';
import type { NamespacedName } from './names.ts';
import { sortedUnique, type MembershipQueries } from './membership.ts';
import { hasEndpointsByHand, knownPorts, type KnownPort } from './service-ports.ts';
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
  /** All pods have that number; false when a named port differs between them. */
  readonly isUniform: boolean;
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

interface Sources {
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
  readonly known: MembershipQueries & SplitQueries;
}

/** Creates the queries about where a service is and what stands behind it (as OSM). */
export function createEndpointQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: MembershipQueries & SplitQueries,
): EndpointQueries {
  const sources: Sources = { inputs, indexes, known };
  const ports = db.query<NamespacedName, readonly TargetedPort[]>({
    name: 'ports',
    compute: (key, ctx) => {
      const service = ctx.read(known.service, key);
      if (service === undefined) return [];
      return knownPorts(service).map((port) => ({
        ...port,
        ...targetPortOf(ctx, sources, key, port),
      }));
    },
  });
  const endpoints = (ctx: QueryContext, view: ServiceView) => visibleEndpoints(ctx, sources, view);
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

/**
 * The number of the pods' port. One that is named may differ between pods: the lowest stands for all, and each endpoint keeps
 * its own. Without slices the pods tell, without pods it is the service's port: a key only, nobody is behind it.
 */
function targetPortOf(
  ctx: QueryContext,
  sources: Sources,
  service: NamespacedName,
  port: KnownPort,
): Pick<TargetedPort, 'targetPort' | 'isUniform'> {
  if (port.target.kind === 'number') return { targetPort: port.target.port, isUniform: true };
  const { inputs, known } = sources;
  const { name } = port.target;
  const inSlices = slicesOf(ctx, sources, service).flatMap((slice) =>
    slice.ports.filter((candidate) => candidate.name === port.name),
  );
  const inPods = ctx
    .read(known.servicePods, service)
    .flatMap((pod) => ctx.get(inputs.podNamedPorts, pod) ?? [])
    .filter((candidate) => candidate.name === name);
  const numbers = new Set(
    (inSlices.length > 0 ? inSlices : inPods).map((candidate) => candidate.port),
  );
  const targetPort = numbers.size === 0 ? port.port : Math.min(...numbers);
  return { targetPort, isUniform: numbers.size <= 1 };
}

/**
 * Under enforced policy an endpoint that is no pod of the mesh vanishes; in permissive mode it remains (as OSM), unless it was written by
 * hand: that is known to be something else.
 */
function visibleEndpoints(
  ctx: QueryContext,
  sources: Sources,
  view: ServiceView,
): readonly VisibleEndpoint[] {
  const all = slicesOf(ctx, sources, view.service).flatMap((slice) =>
    slice.endpoints.map((endpoint) => ({ endpoint, ports: slice.ports })),
  );
  const service = ctx.read(sources.known.service, view.service);
  const byHand = service !== undefined && hasEndpointsByHand(service);
  if (ctx.get(sources.inputs.permissive, '') === true && !byHand) return all;
  const accounts = new Set(view.accounts ?? ctx.read(sources.known.serviceAccounts, view.service));
  return all.filter(({ endpoint }) => {
    const account = accountOf(ctx, sources, view.service, endpoint);
    return account !== undefined && accounts.has(account);
  });
}

function accountOf(
  ctx: QueryContext,
  sources: Sources,
  service: NamespacedName,
  endpoint: Endpoint,
): string | undefined {
  const pod = podOfEndpoint(ctx, sources, service, endpoint);
  return pod === undefined ? undefined : ctx.get(sources.inputs.podIdentities, pod)?.serviceAccount;
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
