import { resourceToJson, type Emitted } from '../src/index.ts';

/** A request as a server's routes and RBAC see it. */
export interface TestRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: string;
}

// The shapes of the emitted JSON, as far as the interpreter reads them.
interface Pattern {
  readonly exact?: string;
  readonly safeRegex?: { readonly regex: string };
}
interface Header {
  readonly name: string;
  readonly stringMatch: Pattern;
}
interface RouteJson {
  readonly match: Pattern & { readonly prefix?: string; readonly headers?: readonly Header[] };
}
interface PermissionJson {
  readonly any?: boolean;
  readonly urlPath?: { readonly path: Pattern };
  readonly header?: Header;
  readonly andRules?: { readonly rules: readonly PermissionJson[] };
}
interface PolicyJson {
  readonly permissions: readonly PermissionJson[];
  readonly principals: readonly { readonly authenticated: { readonly principalName: Pattern } }[];
}
interface VirtualHostJson {
  readonly routes?: readonly RouteJson[];
  readonly typedPerFilterConfig?: {
    readonly rbac?: {
      readonly rbac: { readonly rules: { policies?: Record<string, PolicyJson> } };
    };
  };
}

/**
 * What Envoy answers, by its own rules for the parts that we emit: the first route that matches or 404, then RBAC: one policy with a
 * permission and a principal that match, or 403.
 */
export function outcomeOf(emitted: Emitted, request: TestRequest): 200 | 403 | 404 {
  const routes = emitted.bundle.resources.find(({ name }) => name.startsWith('rds-inbound.'));
  if (routes === undefined) throw new Error('no inbound routes');
  const json = resourceToJson(routes) as { readonly virtualHosts: readonly VirtualHostJson[] };
  const host = json.virtualHosts[0];
  if (host === undefined || !host.routes?.some(({ match }) => matchesRoute(match, request)))
    return 404;
  const rules = host.typedPerFilterConfig?.rbac?.rbac.rules;
  if (rules === undefined) return 200;
  const allowed = Object.values(rules.policies ?? {}).some(
    ({ permissions, principals }) =>
      permissions.some((permission) => permits(permission, request)) &&
      principals.some(({ authenticated }) => fits(authenticated.principalName, request.principal)),
  );
  return allowed ? 200 : 403;
}

function matchesRoute(match: RouteJson['match'], request: TestRequest): boolean {
  const path =
    match.prefix === undefined ? fits(match, request.path) : request.path.startsWith(match.prefix);
  return path && (match.headers ?? []).every((header) => fitsHeader(header, request));
}

function permits(permission: PermissionJson, request: TestRequest): boolean {
  if (permission.andRules !== undefined)
    return permission.andRules.rules.every((rule) => permits(rule, request));
  if (permission.urlPath !== undefined) return fits(permission.urlPath.path, request.path);
  if (permission.header !== undefined) return fitsHeader(permission.header, request);
  return permission.any === true;
}

function fitsHeader({ name, stringMatch }: Header, request: TestRequest): boolean {
  const value = name === ':method' ? request.method : request.headers[name];
  return value !== undefined && fits(stringMatch, value);
}

function fits({ exact, safeRegex }: Pattern, text: string): boolean {
  if (exact !== undefined) return text === exact;
  return safeRegex !== undefined && new RegExp(`^(?:${safeRegex.regex})$`).test(text);
}
