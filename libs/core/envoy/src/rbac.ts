import { spiffeIdOf } from '@osm/model';
import type { HttpAccess, HttpRule } from '@osm/policy';
import { compareText } from '@osm/prelude';
import { HttpRbacPerRoute, packAny, Permission, Principal, RBAC, type Any } from '@osm/proto-envoy';
import { headerMatchers, matchesAll, type HttpMatch } from './routes.ts';

/** Clients by an exact name in their certificate, any of them. */
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
  const set = policySet(groups, (group) =>
    groups.length === 1 ? [anything] : permissionsOf(group.matches),
  );
  return packAny(HttpRbacPerRoute, HttpRbacPerRoute.fromPartial({ rbac: { rules: set } }));
}

/**
 * The same for gRPC without a sidecar, where no routes have told anything: every match is said. A regex is put into a group, because
 * grpc-js anchors it as it is: of `a|b` it makes `^a|b$`, which matches more. And clients are also named by their URI, which is all
 * that gRPC looks at when a certificate has one, the common name apart, which is left out when it is long.
 */
export function proxylessRbac(access: HttpAccess, trustDomain: string): RBAC {
  if (access.kind === 'http-permissive')
    return RBAC.fromPartial({
      policies: { anybody: { permissions: [anything], principals: [anybody] } },
    });
  return policySet(
    groupByPrincipals(access.rules.map(grouped)),
    ({ matches }) => permissionsOf(matches),
    (names) => names.flatMap((name) => [name, ...uriOf(name, trustDomain)]),
  );
}

const anybody = Principal.fromPartial({ identifier: { $case: 'any', value: true } });

function grouped(rule: HttpRule): HttpRule {
  const group = (regex: string): string => `(?:${regex})`;
  return {
    ...rule,
    pathRegex: rule.pathRegex === undefined ? undefined : group(rule.pathRegex),
    headers: rule.headers.map(({ name, valueRegex }) => ({ name, valueRegex: group(valueRegex) })),
  };
}

/** The SPIFFE form of `<service account>.<namespace>.<trust domain>`; a namespace has no dots. None for a name of another form. */
function uriOf(principal: string, trustDomain: string): readonly string[] {
  const end = `.${trustDomain}`;
  const identity = principal.endsWith(end) ? principal.slice(0, -end.length) : '';
  const at = identity.lastIndexOf('.');
  if (at <= 0) return [];
  const [serviceAccount, namespace] = [identity.slice(0, at), identity.slice(at + 1)];
  return [spiffeIdOf({ namespace, serviceAccount }, trustDomain)];
}

function policySet(
  groups: readonly Group[],
  permissions: (group: Group) => readonly Permission[],
  namesOf = (principals: readonly string[]): readonly string[] => principals,
): RBAC {
  const policies = groups
    .filter((group) => group.principals.length > 0)
    .map((group, index) => [
      `clients-${index}`,
      { permissions: [...permissions(group)], principals: principalsOf(namesOf(group.principals)) },
    ]);
  return RBAC.fromPartial({ policies: Object.fromEntries(policies) });
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
