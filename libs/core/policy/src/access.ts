import type { Database, Query } from '@osm/incremental';
import { principalOf, type HttpMatch, type TrafficTarget } from '@osm/model';
import { sortedBy } from '@osm/prelude';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import type { NamespacedName } from './names.ts';
import { sortedUnique } from './membership.ts';
import type { HttpRule } from './proxy-policy.ts';
import { includesPort, isEffective, selectedMatches, tcpPorts, type PortSet } from './targets.ts';

/** What one TrafficTarget grants to its sources. */
export interface Grant {
  /** Sorted; empty = nobody. */
  readonly principals: readonly string[];
  readonly matches: readonly HttpMatch[];
  /** Target ports on which the HTTP matches count: all, unless the target has TCP rules too. */
  readonly httpPorts: PortSet;
  /** Target ports on which TCP is allowed: none without TCP rules. */
  readonly tcpPorts: PortSet;
}

/**
 * Creates the query for the grants of an account: one per TrafficTarget that counts, and access is the union of them (as OSM).
 */
export function createGrantsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
): Query<NamespacedName, readonly Grant[]> {
  return db.query<NamespacedName, readonly Grant[]>({
    name: 'grants',
    compute: (account, ctx) => {
      const trustDomain = ctx.get(inputs.trustDomain, '') ?? '';
      return ctx.keys(indexes.targetsByDestination, account).flatMap((key) => {
        const target = ctx.get(inputs.targets, key);
        if (target === undefined || !isEffective(ctx, inputs, target)) return [];
        const ports = tcpPorts(ctx, inputs, target);
        return [
          {
            principals: principalsOf(target, trustDomain),
            matches: selectedMatches(ctx, inputs, target),
            httpPorts: ports ?? { kind: 'any' },
            tcpPorts: ports ?? { kind: 'listed', ports: [] },
          },
        ];
      });
    },
  });
}

function principalsOf({ sources }: TrafficTarget, trustDomain: string): readonly string[] {
  return sortedUnique(
    sources
      .filter(({ namespace, name }) => namespace !== '' && name !== '')
      .map(({ namespace, name }) => principalOf({ namespace, serviceAccount: name }, trustDomain)),
  );
}

/** The HTTP rules of a target port: equal matches are one rule with all their sources. Sorted by path, methods, headers. */
export function httpRulesFor(grants: readonly Grant[], targetPort: number): readonly HttpRule[] {
  const rules = new Map<string, HttpRule>();
  for (const grant of grants) {
    // Where the match does not count it remains a rule for nobody: 403, not 404.
    const principals = includesPort(grant.httpPorts, targetPort) ? grant.principals : [];
    for (const match of grant.matches) {
      const matcher = matcherOf(match);
      const text = JSON.stringify(matcher);
      const others = rules.get(text)?.principals ?? [];
      rules.set(text, {
        pathRegex: matcher.path === '' ? undefined : matcher.path,
        methods: matcher.methods,
        headers: matcher.headers,
        principals: sortedUnique([...others, ...principals]),
      });
    }
  }
  return sortedBy(rules, ([text]) => text).map(([, rule]) => rule);
}

/** The principals that may open TCP connections to a target port, sorted. */
export function tcpPrincipalsFor(grants: readonly Grant[], targetPort: number): readonly string[] {
  return sortedUnique(
    grants
      .filter((grant) => includesPort(grant.tcpPorts, targetPort))
      .flatMap((grant) => grant.principals),
  );
}

interface Matcher {
  readonly path: string;
  readonly methods: readonly string[];
  readonly headers: HttpRule['headers'];
}

function matcherOf({ pathRegex, methods, headers }: HttpMatch): Matcher {
  return {
    path: pathRegex,
    methods: methods.includes('*') ? [] : sortedUnique(methods),
    headers: sortedBy(
      headers.map(({ name, valueRegex }) => ({
        name: name === 'host' ? ':authority' : name,
        valueRegex,
      })),
      ({ name, valueRegex }) => `${name}\n${valueRegex}`,
    ),
  };
}
