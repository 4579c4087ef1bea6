import type { Database, Query, QueryContext } from '@osm/incremental';
import { wellKnownServerFirstPorts } from '@osm/model';
import { compareText } from '@osm/prelude';
import type { Rival } from './address-rivals.ts';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import type { EndpointQueries } from './endpoints.ts';
import { outboundKey, scopeKey, type ClientView, type OutboundRef } from './keys.ts';
import { nameOf, namespacedName, namespaceOf, type NamespacedName } from './names.ts';
import { sibling, sortedUnique, type MembershipQueries } from './membership.ts';
import { accountsIn } from './outbound.ts';
import type { Dialect, OutboundPolicy, ScopePolicy, UnitKey } from './proxy-policy.ts';
import { familyOf } from './service-ports.ts';
import type { SplitQueries } from './splits.ts';
import { isEffective } from './targets.ts';

interface Known extends MembershipQueries, EndpointQueries, SplitQueries {
  readonly rivals: Query<NamespacedName, readonly Rival[]>;
  readonly outbound: Query<OutboundRef, OutboundPolicy | undefined>;
}

/** A service that a client may call, and what it sees of it. */
interface Callable {
  readonly service: NamespacedName;
  readonly view: ClientView;
}

export interface ReachQueries {
  /** The outbound units of an identity under enforced policy, sorted. */
  readonly listed: Query<NamespacedName, readonly UnitKey[]>;
  /** The same for a proxyless client. */
  readonly listedByName: Query<NamespacedName, readonly UnitKey[]>;
  /** All outbound units, for permissive mode. The key is '', or the dialect. */
  readonly scope: Query<Dialect | '', ScopePolicy>;
  /** Ports of the services an identity may call on which the server speaks first, ascending, without those that are well known. */
  readonly serverFirstPorts: Query<NamespacedName, readonly number[]>;
  /** The same for all services, for permissive mode. The key is ''. */
  readonly allServerFirstPorts: Query<string, readonly number[]>;
}

/** Creates the queries about what a client may call (as OSM). */
export function createReachQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Known,
): ReachQueries {
  const allowedAccounts = db.query<NamespacedName, readonly NamespacedName[]>({
    name: 'accounts an identity may call',
    compute: (identity, ctx) => {
      const destinations = ctx.keys(indexes.targetsBySource, identity).flatMap((key) => {
        const target = ctx.get(inputs.targets, key);
        if (target === undefined || !isEffective(ctx, inputs, target)) return [];
        return [namespacedName(target.namespace, target.destination?.name ?? '')];
      });
      return sortedUnique(destinations);
    },
  });
  const callable = db.query<NamespacedName, readonly Callable[]>({
    name: 'services an identity may call',
    compute: (identity, ctx) => {
      const allowed = new Set(ctx.read(allowedAccounts, identity));
      const services = [...allowed].flatMap((account) => ctx.read(known.accountServices, account));
      return sortedUnique(services).map((service) => ({
        service,
        view: viewOf(ctx, known, service, allowed),
      }));
    },
  });
  const servicesOfMesh = (ctx: QueryContext): readonly NamespacedName[] =>
    (ctx.keys(indexes.allServices, '') as readonly NamespacedName[]).filter(
      (service) =>
        // The root of a split needs no endpoints of its own.
        !ctx.read(known.isOutside, service) || ctx.read(known.split, service) !== undefined,
    );
  const listed = db.query<NamespacedName, readonly UnitKey[]>({
    name: 'outbounds of an identity',
    compute: (identity, ctx) => demandOutbounds(ctx, known, ctx.read(callable, identity)),
  });
  const listedByName = db.query<NamespacedName, readonly UnitKey[]>({
    name: 'outbounds of an identity, by name',
    compute: (identity, ctx) => demandByName(ctx, known, ctx.read(callable, identity)),
  });
  const scope = db.query<Dialect | '', ScopePolicy>({
    name: 'permissive scope',
    compute: (dialect, ctx) => {
      const all = servicesOfMesh(ctx).map((service) => ({ service, view: [] }));
      const demand = dialect === '' ? demandOutbounds : demandByName;
      return { key: scopeKey(dialect), units: demand(ctx, known, all) };
    },
  });
  const serverFirstPorts = db.query<NamespacedName, readonly number[]>({
    name: 'server-first ports for an identity',
    compute: (identity, ctx) =>
      serverFirstPortsOf(
        ctx,
        known,
        ctx.read(callable, identity).map(({ service }) => service),
      ),
  });
  const allServerFirstPorts = db.query<string, readonly number[]>({
    name: 'server-first ports of the mesh',
    compute: (_, ctx) => serverFirstPortsOf(ctx, known, servicesOfMesh(ctx)),
  });
  return { listed, listedByName, scope, serverFirstPorts, allServerFirstPorts };
}

function serverFirstPortsOf(
  ctx: QueryContext,
  known: Known,
  services: readonly NamespacedName[],
): readonly number[] {
  const ports = services
    .flatMap((service) => ctx.read(known.ports, service))
    .filter(({ protocol }) => protocol === 'tcp-server-first')
    .map(({ port }) => port)
    .filter((port) => !wellKnownServerFirstPorts.includes(port));
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** What an identity may call of the destinations of a service. */
function viewOf(
  ctx: QueryContext,
  known: Known,
  service: NamespacedName,
  allowed: ReadonlySet<NamespacedName>,
): ClientView {
  const destinations = ctx.read(known.destinations, service);
  // A headless service is dialled at its pods, wherever the calls go then.
  const dialled = ctx.read(known.service, service)?.headless === true ? [nameOf(service)] : [];
  return sortedUnique([...destinations, ...dialled]).flatMap((name) => {
    const all = ctx.read(known.serviceAccounts, sibling(service, name));
    const accounts = all.filter((account) => allowed.has(sibling(service, account)));
    return accounts.length === all.length ? [] : [{ service: name, accounts }];
  });
}

/** Makes the outbound units of these services exist. An address and port belong to the first service by name that has them. */
function demandOutbounds(
  ctx: QueryContext,
  known: Known,
  services: readonly Callable[],
): readonly UnitKey[] {
  const taken = new Set<string>();
  const keys: UnitKey[] = [];
  for (const { service, view } of services) {
    const accounts = accountsIn(view, nameOf(service));
    const places = ctx.read(known.places, { service, accounts });
    if (places.length === 0) continue;
    const contested = new Set(ctx.read(known.rivals, service).map((rival) => rival.port));
    for (const { port } of ctx.read(known.ports, service)) {
      for (const { host, addresses } of places) {
        const without = contested.has(port) ? takeAddresses(taken, addresses, port) : [];
        if (without.length === addresses.length) continue;
        const [namespace, name] = [namespaceOf(service), nameOf(service)];
        const ref: OutboundRef = { namespace, service: name, host, port, view, without };
        ctx.demand(known.outbound, ref);
        keys.push(outboundKey(ref));
      }
    }
  }
  return keys.sort(compareText);
}

/** The same for proxyless clients: they call by name, so no address is contested, and what is no HTTP they cannot call. */
function demandByName(
  ctx: QueryContext,
  known: Known,
  services: readonly Callable[],
): readonly UnitKey[] {
  const keys: UnitKey[] = [];
  for (const { service, view } of services) {
    const accounts = accountsIn(view, nameOf(service));
    const places = ctx.read(known.places, { service, accounts });
    const hosts = new Set([undefined, ...places.map(({ host }) => host)]);
    for (const { port, protocol } of ctx.read(known.ports, service)) {
      if (familyOf(protocol) !== 'http') continue;
      for (const host of hosts) {
        const [namespace, name] = [namespaceOf(service), nameOf(service)];
        const part = { namespace, service: name, host, port };
        const ref: OutboundRef = { ...part, view, without: [], dialect: 'proxyless' };
        ctx.demand(known.outbound, ref);
        keys.push(outboundKey(ref));
      }
    }
  }
  return keys.sort(compareText);
}

/** Takes what is free; returns the addresses that were not. */
function takeAddresses(
  taken: Set<string>,
  addresses: readonly string[],
  port: number,
): readonly string[] {
  const free = addresses.filter((address) => !taken.has(`${address} ${port}`));
  for (const address of free) taken.add(`${address} ${port}`);
  return addresses.filter((address) => !free.includes(address));
}
