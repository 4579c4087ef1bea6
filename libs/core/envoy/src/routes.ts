import type { HttpRule } from '@osm/policy';
import { HeaderMatcher, Route, RouteMatch } from '@osm/proto-envoy';

/** What a request must look like: a rule without its principals. */
export type HttpMatch = Omit<HttpRule, 'principals'>;

/** The match of every request. */
export const anyRequest: HttpMatch = { pathRegex: undefined, methods: [], headers: [] };

/** True when every request matches. */
export function matchesAll(match: HttpMatch): boolean {
  return match.pathRegex === undefined && match.methods.length === 0 && match.headers.length === 0;
}

/** Method and headers that a match asks for; Envoy's routes and RBAC permissions share the message. */
export function headerMatchers(match: HttpMatch): readonly HeaderMatcher[] {
  const headers = match.headers.map(({ name, valueRegex }) =>
    headerMatcher(name, fullMatch(valueRegex)),
  );
  const [method, ...others] = match.methods;
  if (method === undefined) return headers;
  const wanted =
    others.length === 0
      ? { $case: 'exact' as const, value: method }
      : fullMatch(match.methods.map(quoteRegex).join('|'));
  return [headerMatcher(':method', wanted), ...headers];
}

type Pattern =
  | { readonly $case: 'exact'; readonly value: string }
  | { readonly $case: 'safeRegex'; readonly value: { readonly regex: string } };

/** Envoy matches the whole text, which is what SMI's matches mean. */
function fullMatch(regex: string): Pattern {
  return { $case: 'safeRegex', value: { regex } };
}

function headerMatcher(name: string, matchPattern: Pattern): HeaderMatcher {
  return HeaderMatcher.fromPartial({
    name,
    headerMatchSpecifier: { $case: 'stringMatch', value: { matchPattern } },
  });
}

function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** A route without a time limit (OSM: timeout 0s) to one cluster or to several by weight; without any it answers 503. */
export function routeTo(
  match: HttpMatch,
  clusters: readonly { readonly name: string; readonly weight: number }[],
): Route {
  const [only, ...others] = clusters;
  if (only === undefined)
    return Route.fromPartial({
      match: routeMatch(match),
      action: { $case: 'directResponse', value: { status: 503 } },
    });
  return Route.fromPartial({
    match: routeMatch(match),
    action: {
      $case: 'route',
      value: {
        timeout: {},
        clusterSpecifier:
          others.length === 0
            ? { $case: 'cluster', value: only.name }
            : { $case: 'weightedClusters', value: { clusters: [...clusters] } },
      },
    },
  });
}

function routeMatch(match: HttpMatch): RouteMatch {
  return RouteMatch.fromPartial({
    pathSpecifier:
      match.pathRegex === undefined
        ? { $case: 'prefix', value: '/' }
        : { $case: 'safeRegex', value: { regex: match.pathRegex } },
    headers: [...headerMatchers(match)],
  });
}
