import { goDurationMs } from '@osm/resources';
import { fieldAt, listAt, repeated, textAt } from '../fields.ts';
import type { Findings, KindRules, Reviewed } from '../findings.ts';

/** Statuses that Envoy can answer with (envoy.type.v3.StatusCode), 400 and up. */
const statuses: ReadonlySet<number> = new Set([
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417],
  ...[421, 422, 423, 424, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510],
  511,
]);
const serviceHost = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/;

/** The rules that OSM had and never ran: one setting per host, and values that a sidecar takes. */
export const reviewUpstreamTrafficSetting: KindRules = (reviewed, findings) => {
  const { spec } = reviewed;
  checkHost(reviewed, findings);
  const timeout = textAt(spec, 'connectionSettings', 'tcp', 'connectTimeout');
  checkDuration(findings, 'spec.connectionSettings.tcp.connectTimeout', timeout);
  for (const protocol of ['tcp', 'http']) {
    const path = `spec.rateLimit.global.${protocol}`;
    const global = fieldAt(spec, 'rateLimit', 'global', protocol);
    checkDuration(findings, `${path}.timeout`, textAt(global, 'timeout'));
    checkStatus(findings, path, global);
  }
  checkStatus(findings, 'spec.rateLimit.local.http', fieldAt(spec, 'rateLimit', 'local', 'http'));
  const routes = listAt(spec, 'httpRoutes');
  for (const [index, route] of routes.entries())
    checkStatus(
      findings,
      `spec.httpRoutes[${index}].rateLimit.local`,
      fieldAt(route, 'rateLimit', 'local'),
    );
  for (const index of repeated(routes.map((route) => textAt(route, 'path'))))
    findings.refuse(
      `spec.httpRoutes[${index}].path repeats "${textAt(routes[index], 'path')}"; keep one`,
    );
  checkRoutes(reviewed, findings);
};

function checkHost({ ref, spec, world, known }: Reviewed, { refuse, warn }: Findings): void {
  const host = textAt(spec, 'host');
  if (host === '') refuse('spec.host is empty; write <service>.<namespace>.svc.cluster.local');
  for (const other of world.written('UpstreamTrafficSetting')) {
    const { namespace, name } = other.ref;
    if (namespace !== ref.namespace || name === ref.name) continue;
    if (textAt(other.spec, 'host') === host)
      refuse(`UpstreamTrafficSetting ${namespace}/${name} has spec.host ${host} already; keep one`);
  }
  const [, service = '', namespace = ''] = serviceHost.exec(host) ?? [];
  if (service === '') return;
  if (namespace !== ref.namespace)
    warn(`spec.host is of namespace ${namespace}, where this setting has no effect; move it there`);
  else if (known && world.object('service', namespace, service) === undefined)
    warn(`spec.host: there is no service ${namespace}/${service}`);
}

function checkDuration({ refuse }: Findings, path: string, text: string): void {
  if (text !== '' && goDurationMs(text) === undefined)
    refuse(`${path} is "${text}"; write a duration such as 250ms or 1s`);
}

function checkStatus({ refuse }: Findings, path: string, limit: unknown): void {
  const status = fieldAt(limit, 'responseStatusCode');
  if (typeof status === 'number' && !statuses.has(status))
    refuse(`${path}.responseStatusCode is ${status}, which Envoy cannot answer with; use 429`);
}

/** A limit per route holds where its path is, to the letter, the pathRegex of a match. */
function checkRoutes({ ref, spec, world, known }: Reviewed, { warn }: Findings): void {
  const routes = listAt(spec, 'httpRoutes');
  if (!known || routes.length === 0) return;
  const paths = new Set<string>();
  for (const each of world.objects()) {
    if (each.$case === 'httpRouteGroup' && each.value.namespace === ref.namespace)
      for (const { pathRegex } of each.value.matches) paths.add(pathRegex);
  }
  for (const [index, route] of routes.entries()) {
    const path = textAt(route, 'path');
    if (!paths.has(path))
      warn(
        `spec.httpRoutes[${index}].path: no HTTPRouteGroup of ${ref.namespace} has the pathRegex "${path}"`,
      );
  }
}
