import type { Database, Index, Query, QueryContext } from '@osm/incremental';
import { serviceDomains, serviceFqdn, type Service } from '@osm/model';
import { compareText, invariant } from '@osm/prelude';
import type { CatalogInputs } from './catalog-inputs.ts';
import type { EndpointQueries, TargetedPort } from './endpoints.ts';
import { outboundKey, partName, upstreamKey, type ClientView, type OutboundRef } from './keys.ts';
import type { UpstreamRef } from './keys.ts';
import { namespacedName, type NamespacedName } from './names.ts';
import type { OutboundPolicy, UpstreamPolicy, WeightedUpstream } from './proxy-policy.ts';
import { familyOf } from './service-ports.ts';
import type { SplitQueries } from './splits.ts';

/** The weight of the only destination. */
const whole = 100;

interface Known extends EndpointQueries, SplitQueries {
  readonly service: Query<NamespacedName, Service | undefined>;
  readonly upstream: Query<UpstreamRef, UpstreamPolicy>;
  /** ExternalName services by the name that they stand for. */
  readonly aliases: Index;
}

/** Creates the query for outbound units: where clients dial a service port, and where that goes (as OSM). */
export function createOutboundQuery(
  db: Database,
  inputs: CatalogInputs,
  known: Known,
): Query<OutboundRef, OutboundPolicy | undefined> {
  return db.query<OutboundRef, OutboundPolicy | undefined>({
    name: 'outbound',
    keyText: outboundKey,
    compute: (ref, ctx) => {
      const { namespace, port } = ref;
      const service = namespacedName(namespace, ref.service);
      const found = ctx.read(known.ports, service).find((candidate) => candidate.port === port);
      if (found === undefined) return undefined;
      const addresses = addressesOf(ctx, known, ref);
      // Proxyless clients call by name, which a service without an address has as well.
      if (addresses.length === 0 && ref.dialect === undefined) return undefined;
      const headless = ctx.read(known.service, service)?.headless === true;
      const backends = weightedUpstreams(ctx, known, ref);
      for (const { ref: upstream } of backends) ctx.demand(known.upstream, upstream);
      return {
        key: outboundKey(ref),
        service: { namespace, name: partName(ref) },
        port,
        protocol: found.protocol,
        addresses,
        addressesOf: headless ? 'pods' : 'service',
        domains: domainsOf(ctx, known, ref),
        trustDomain: ctx.get(inputs.trustDomain, '') ?? '',
        backends: weightsOf(backends),
        // Proxyless clients have a unit for the service as a whole.
        whole:
          ref.host === undefined || ref.dialect !== undefined
            ? undefined
            : wholeOf(ctx, known, ref, found),
        ...(ref.dialect === undefined ? {} : { dialect: ref.dialect }),
      };
    },
  });
}

function addressesOf(ctx: QueryContext, known: Known, ref: OutboundRef): readonly string[] {
  if (ref.dialect !== undefined) return [];
  const service = namespacedName(ref.namespace, ref.service);
  const accounts = accountsIn(ref.view, ref.service);
  const place = ctx
    .read(known.places, { service, accounts })
    .find((candidate) => candidate.host === ref.host);
  return place?.addresses.filter((address) => !ref.without.includes(address)) ?? [];
}

/** By the service's own names HTTP gets to any of its pods, whichever of them was dialled. TCP has no names. */
function wholeOf(
  ctx: QueryContext,
  known: Known,
  ref: OutboundRef,
  { protocol }: TargetedPort,
): OutboundPolicy['whole'] {
  if (familyOf(protocol) === 'tcp') return undefined;
  const all = { ...ref, host: undefined };
  const own = domainsOf(ctx, known, ref);
  const backends = weightedUpstreams(ctx, known, all);
  for (const { ref: upstream } of backends) ctx.demand(known.upstream, upstream);
  const domains = domainsOf(ctx, known, all).filter((domain) => !own.includes(domain));
  return { domains, backends: weightsOf(backends) };
}

function weightsOf(backends: readonly WeightedUpstream[]): readonly WeightedUpstream[] {
  return backends.map(({ upstream, weight }) => ({ upstream, weight }));
}

/** The accounts of a service that a client with this view may call; undefined = all. */
export function accountsIn(view: ClientView, service: string): readonly string[] | undefined {
  return view.find((entry) => entry.service === service)?.accounts;
}

/** Its own names, and those of ExternalName services of the mesh that stand for it: they lead to its address (OSM: 404). */
function domainsOf(ctx: QueryContext, known: Known, ref: OutboundRef): readonly string[] {
  const own = { namespace: ref.namespace, name: partName(ref) };
  const aliases = ctx
    .keys(known.aliases, serviceFqdn(own))
    .map((key) => ctx.read(known.service, key as NamespacedName))
    .filter((service) => service !== undefined);
  return [...new Set([own, ...aliases].flatMap((name) => serviceDomains(name, ref.port)))];
}

interface Backend extends WeightedUpstream {
  readonly ref: UpstreamRef;
}

/**
 * A TCP connection to a pod of a headless service gets that pod (OSM: any). Requests of HTTP are spread (as OSM), and so are
 * connections where the pods' ports differ. A pod with a host name is a place of its own.
 */
function isChosenByClient(
  ctx: QueryContext,
  known: Known,
  ref: OutboundRef,
  port: TargetedPort,
): boolean {
  const service = namespacedName(ref.namespace, ref.service);
  return (
    ref.host === undefined &&
    familyOf(port.protocol) === 'tcp' &&
    port.isUniform &&
    ctx.read(known.service, service)?.headless === true
  );
}

/** One level: a root that is among its backends stands for its own pods there. */
function weightedUpstreams(ctx: QueryContext, known: Known, ref: OutboundRef): readonly Backend[] {
  const root = namespacedName(ref.namespace, ref.service);
  const split = ctx.read(known.split, root);
  const parts = split?.backends ?? [{ service: ref.service, weight: whole }];
  const backends = parts.flatMap(({ service, weight }) => {
    if (weight === 0) return [];
    const port = ctx
      .read(known.ports, namespacedName(ref.namespace, service))
      .find((candidate) => candidate.port === ref.port);
    if (port === undefined) return [];
    const upstreamRef: UpstreamRef = {
      namespace: ref.namespace,
      service,
      host: split === undefined ? ref.host : undefined,
      targetPort: port.targetPort,
      accounts: accountsIn(ref.view, service),
      dialect: ref.dialect,
      choice: split === undefined && isChosenByClient(ctx, known, ref, port) ? 'client' : 'proxy',
    };
    return [{ ref: upstreamRef, upstream: upstreamKey(upstreamRef), weight }];
  });
  invariant(split !== undefined || backends.length === 1, `no upstream for ${ref.service}`);
  return backends.sort((a, b) => compareText(a.upstream, b.upstream));
}
