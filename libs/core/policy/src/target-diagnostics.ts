import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Diagnostic, TrafficTarget } from '@osm/model';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { diagnosticsOf, type Finding } from './diagnostics.ts';
import type { EndpointQueries } from './endpoints.ts';
import { namespacedName, type NamespacedName } from './names.ts';
import type { MembershipQueries } from './membership.ts';
import { familyOf, type ProtocolFamily } from './service-ports.ts';
import { httpRules, includesPort, tcpPorts, tcpRules } from './targets.ts';

interface Context {
  readonly ctx: QueryContext;
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
  readonly known: MembershipQueries & EndpointQueries;
  readonly target: TrafficTarget;
}

/** Creates the query for what there is to say about a TrafficTarget. */
export function createTargetDiagnosticsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: MembershipQueries & EndpointQueries,
): Query<string, readonly Diagnostic[] | undefined> {
  return db.query<string, readonly Diagnostic[] | undefined>({
    name: 'diagnostics of a target',
    compute: (key, ctx) => {
      const target = ctx.get(inputs.targets, key);
      if (target === undefined) return undefined;
      const context = { ctx, inputs, indexes, known, target };
      return diagnosticsOf('TrafficTarget', key as NamespacedName, [
        ...withoutRules(target),
        ...missingGroups(context),
        ...missingTcpRoutes(context),
        ...withoutPorts(context),
        ...unknownAccounts(context),
      ]);
    },
  });
}

function withoutRules({ rules }: TrafficTarget): readonly Finding[] {
  if (rules.length > 0) return [];
  const text = 'it has no rules and grants nothing; add a rule with an HTTPRouteGroup or TCPRoute';
  return [{ code: 'no_rules', text }];
}

function missingGroups({ ctx, inputs, target }: Context): readonly Finding[] {
  return httpRules(target).flatMap((rule): readonly Finding[] => {
    const name = namespacedName(target.namespace, rule.name);
    const group = ctx.get(inputs.routeGroups, name);
    if (group === undefined) {
      const text = `HTTPRouteGroup ${name} does not exist, so the rule that names it grants nothing; create it, or name another`;
      return [{ code: 'route_group_missing', text }];
    }
    if (rule.matchesOmitted || rule.matches.length === 0) {
      const names = group.matches.map((match) => match.name).join(', ');
      const text = `the rule with HTTPRouteGroup ${name} names no matches and selects nothing; add matches: ${names}`;
      return [{ code: 'matches_omitted', text }];
    }
    return rule.matches
      .filter((match) => group.matches.every((candidate) => candidate.name !== match))
      .map((match) => ({
        code: 'route_match_missing',
        text: `HTTPRouteGroup ${name} has no match ${match}, which grants nothing; add it, or remove it from the rule`,
      }));
  });
}

function missingTcpRoutes({ ctx, inputs, target }: Context): readonly Finding[] {
  return tcpRules(target)
    .map((rule) => namespacedName(target.namespace, rule.name))
    .filter((name) => ctx.get(inputs.tcpRoutes, name) === undefined)
    .map((name) => ({
      code: 'tcp_route_missing',
      text: `TCPRoute ${name} does not exist, so the rule that names it grants nothing; create it, or name another`,
    }));
}

/** Rules that count nowhere: wrong ports (often the service's instead of the pod's), or the wrong kind of route. */
function withoutPorts(context: Context): readonly Finding[] {
  const { ctx, inputs, target } = context;
  const hasHttp = httpRules(target).length > 0;
  const ports = tcpPorts(ctx, inputs, target);
  const served = { http: servedPorts(context, 'http'), tcp: servedPorts(context, 'tcp') };
  const account = `the pods of service account ${target.destination?.name ?? ''}`;
  if (ports === undefined) {
    if (!hasHttp || served.http.length > 0 || served.tcp.length === 0) return [];
    const text = `${account} serve TCP only, on ${served.tcp.join(', ')}, which HTTP rules do not open; add a rule with a TCPRoute`;
    return [{ code: 'rules_without_port', text }];
  }
  const family = hasHttp ? 'http' : 'tcp';
  if (!hasHttp && served.tcp.length === 0 && served.http.length > 0) {
    const text = `${account} serve HTTP only, on ${served.http.join(', ')}, and answer 404 to requests that no HTTP rule allows; add a rule with an HTTPRouteGroup`;
    return [{ code: 'rules_without_port', text }];
  }
  const wanted = served[family];
  if (ports.kind === 'any' || ports.ports.length === 0 || wanted.length === 0) return [];
  if (wanted.some((port) => includesPort(ports, port))) return [];
  const what = family === 'http' ? 'HTTP' : 'TCP';
  const text = `its TCPRoutes name the ports ${ports.ports.join(', ')}, but ${account} serve ${what} on ${wanted.join(', ')}; name these target ports`;
  return [{ code: 'ports_without_effect', text }];
}

/** Target ports of the services of the destination, ascending. */
function servedPorts(context: Context, family: ProtocolFamily): readonly number[] {
  const { ctx, known, target } = context;
  const account = namespacedName(target.namespace, target.destination?.name ?? '');
  const ports = ctx
    .read(known.accountServices, account)
    .flatMap((service) => ctx.read(known.ports, service))
    .filter((port) => familyOf(port.protocol) === family)
    .map((port) => port.targetPort);
  return [...new Set(ports)].sort((a, b) => a - b);
}

function unknownAccounts({ ctx, inputs, indexes, target }: Context): readonly Finding[] {
  const { destination, sources } = target;
  const roles = [
    ...(destination === undefined ? [] : [{ role: 'destination', account: destination }]),
    ...sources.map((account) => ({ role: 'source', account })),
  ];
  return roles
    .map(({ role, account }) => ({ role, name: namespacedName(account.namespace, account.name) }))
    .filter(
      ({ name }) =>
        ctx.get(inputs.serviceAccounts, name) === undefined &&
        ctx.keys(indexes.podsByAccount, name).length === 0,
    )
    .map(({ role, name }) => ({
      code: 'account_unknown',
      text: `its ${role} ${name} is no service account in the mesh; check the name, and that its namespace is in the mesh`,
    }));
}
