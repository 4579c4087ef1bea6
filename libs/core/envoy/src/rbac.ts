import type { HttpRule } from '@osm/policy';
import { compareText } from '@osm/prelude';
import { HttpRbacPerRoute, packAny, Permission, Principal, RBAC, type Any } from '@osm/proto-envoy';
import { headerMatchers, matchesAll, type HttpMatch } from './routes.ts';

/** Clients by the exact DNS name in their certificate, any of them. */
function principalsOf(names: readonly string[]): Principal[] {
  return names.map((name) =>
    Principal.fromPartial({
      identifier: {
        $case: 'authenticated',
        value: { principalName: { matchPattern: { $case: 'exact', value: name } } },
      },
    }),
  );
}

/**
 * Who may send which request, as one RBAC policy set: access is the union of the rules, one policy for each distinct set of
 * principals. A rule for nobody makes no policy, so that its requests find a route but no permission: 403.
 *
 * When all rules have the same principals, the routes have already told wanted requests from others, and nothing has to be matched
 * a second time.
 */
export function httpRbac(rules: readonly HttpRule[]): Any {
  const groups = groupByPrincipals(rules);
  return policySet(groups, (group) =>
    groups.length === 1 ? [anything] : permissionsOf(group.matches),
  );
}

/** The same where no routes have told anything: every match is said, in a way that holds for readers which anchor a regex without a group. */
export function permitByRules(rules: readonly HttpRule[]): Any {
  return policySet(groupByPrincipals(rules.map(grouped)), ({ matches }) => permissionsOf(matches));
}

/** Everybody in the mesh may everything. */
export function permitAll(): Any {
  const principals = [Principal.fromPartial({ identifier: { $case: 'any', value: true } })];
  return perRoute(
    RBAC.fromPartial({ policies: { anybody: { permissions: [anything], principals } } }),
  );
}

/** `a|b` as `(?:a|b)`: grpc-js makes `^a|b$` of the former, which matches more. */
function grouped(rule: HttpRule): HttpRule {
  const group = (regex: string): string => `(?:${regex})`;
  return {
    ...rule,
    pathRegex: rule.pathRegex === undefined ? undefined : group(rule.pathRegex),
    headers: rule.headers.map(({ name, valueRegex }) => ({ name, valueRegex: group(valueRegex) })),
  };
}

function policySet(
  groups: readonly Group[],
  permissions: (group: Group) => readonly Permission[],
): Any {
  const policies = groups
    .filter((group) => group.principals.length > 0)
    .map((group, index) => [
      `clients-${index}`,
      { permissions: [...permissions(group)], principals: principalsOf(group.principals) },
    ]);
  return perRoute(RBAC.fromPartial({ policies: Object.fromEntries(policies) }));
}

function perRoute(rules: RBAC): Any {
  return packAny(HttpRbacPerRoute, HttpRbacPerRoute.fromPartial({ rbac: { rules } }));
}

interface Group {
  readonly principals: readonly string[];
  readonly matches: HttpMatch[];
}

function groupByPrincipals(rules: readonly HttpRule[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { principals, ...match } of rules) {
    const key = principals.join(' ');
    const group = groups.get(key) ?? { principals, matches: [] };
    group.matches.push(match);
    groups.set(key, group);
  }
  return [...groups].sort(([a], [b]) => compareText(a, b)).map(([, group]) => group);
}

const anything = Permission.fromPartial({ rule: { $case: 'any', value: true } });

function permissionsOf(matches: readonly HttpMatch[]): Permission[] {
  return matches.some(matchesAll) ? [anything] : matches.map(permissionOf);
}

function permissionOf(match: HttpMatch): Permission {
  const path =
    match.pathRegex === undefined
      ? []
      : [
          Permission.fromPartial({
            rule: {
              $case: 'urlPath',
              value: {
                rule: {
                  $case: 'path',
                  value: {
                    matchPattern: { $case: 'safeRegex', value: { regex: match.pathRegex } },
                  },
                },
              },
            },
          }),
        ];
  const headers = headerMatchers(match).map((header) =>
    Permission.fromPartial({ rule: { $case: 'header', value: header } }),
  );
  const [only, ...others] = [...path, ...headers];
  if (only === undefined) return anything;
  if (others.length === 0) return only;
  return Permission.fromPartial({
    rule: { $case: 'andRules', value: { rules: [only, ...others] } },
  });
}
