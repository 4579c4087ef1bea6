import type { QueryContext } from '@osm/incremental';
import type { HttpMatch, TcpRoute, TrafficTarget } from '@osm/model';
import { TrafficTargetRule_Kind } from '@osm/proto-mesh';
import type { CatalogInputs } from './catalog-inputs.ts';
import { namespacedName } from './names.ts';

type Rule = TrafficTarget['rules'][number];

/**
 * Whether a TrafficTarget counts at all: it is in a namespace of the mesh, its destination is in its own namespace, and it has rules.
 * Clients learn their outbound services from targets that count, whatever their rules say (as OSM).
 */
export function isEffective(
  ctx: QueryContext,
  inputs: CatalogInputs,
  target: TrafficTarget,
): boolean {
  return (
    ctx.get(inputs.namespaces, target.namespace) !== undefined &&
    isAtHome(target) &&
    target.rules.length > 0
  );
}

/** Whether the destination is in the target's own namespace: nobody may open the accounts of others. */
function isAtHome({ namespace, destination }: TrafficTarget): boolean {
  return destination?.namespace === namespace;
}

export function httpRules({ rules }: TrafficTarget): readonly Rule[] {
  return rules.filter(({ kind }) => kind === TrafficTargetRule_Kind.HTTP_ROUTE_GROUP);
}

export function tcpRules({ rules }: TrafficTarget): readonly Rule[] {
  return rules.filter(({ kind }) => kind === TrafficTargetRule_Kind.TCP_ROUTE);
}

/** The matches that a target's HTTP rules select. Groups and matches that do not exist are left out, the rest holds. */
export function selectedMatches(
  ctx: QueryContext,
  inputs: CatalogInputs,
  target: TrafficTarget,
): readonly HttpMatch[] {
  return httpRules(target).flatMap((rule) => {
    const group = ctx.get(inputs.routeGroups, namespacedName(target.namespace, rule.name));
    const names = new Set(rule.matches);
    return group?.matches.filter((match) => names.has(match.name)) ?? [];
  });
}

/** Target ports that TCP rules name. */
export type PortSet =
  { readonly kind: 'any' } | { readonly kind: 'listed'; readonly ports: readonly number[] };

export function includesPort(set: PortSet, port: number): boolean {
  return set.kind === 'any' || set.ports.includes(port);
}

/**
 * The ports of a target's TCPRoutes; undefined when it has no TCP rule. A TCPRoute that does not exist names none: OSM let
 * every port through then.
 */
export function tcpPorts(
  ctx: QueryContext,
  inputs: CatalogInputs,
  target: TrafficTarget,
): PortSet | undefined {
  const rules = tcpRules(target);
  if (rules.length === 0) return undefined;
  const sets = rules
    .map((rule) => ctx.get(inputs.tcpRoutes, namespacedName(target.namespace, rule.name)))
    .filter((route) => route !== undefined)
    .map(portsOf);
  if (sets.some((set) => set.kind === 'any')) return { kind: 'any' };
  return { kind: 'listed', ports: sets.flatMap((set) => (set.kind === 'listed' ? set.ports : [])) };
}

function portsOf({ matches }: TcpRoute): PortSet {
  const open = matches.length === 0 || matches.some(({ ports }) => ports.length === 0);
  return open ? { kind: 'any' } : { kind: 'listed', ports: matches.flatMap(({ ports }) => ports) };
}
