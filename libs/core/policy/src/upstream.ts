import type { Database, Query, QueryContext } from '@osm/incremental';
import { principalOf, serviceFqdn } from '@osm/model';
import { compareText } from '@osm/prelude';
import type { CatalogInputs } from './catalog-inputs.ts';
import type { EndpointQueries } from './endpoints.ts';
import { partName, upstreamKey, type UpstreamRef } from './keys.ts';
import { namespacedName } from './names.ts';
import type { MembershipQueries } from './membership.ts';
import type { UpstreamPolicy } from './proxy-policy.ts';
import type { ProxylessQueries } from './proxyless.ts';

/** A principal of two labels: certificates of the mesh have at least three, so nobody has it. */
export const nobody = 'nobody.invalid';

/** Creates the query for upstream units: who may answer, and where (as OSM). */
export function createUpstreamQuery(
  db: Database,
  inputs: CatalogInputs,
  known: MembershipQueries & EndpointQueries & ProxylessQueries,
): Query<UpstreamRef, UpstreamPolicy> {
  return db.query<UpstreamRef, UpstreamPolicy>({
    name: 'upstream',
    keyText: upstreamKey,
    compute: (ref, ctx) => {
      const { namespace, accounts, targetPort, choice } = ref;
      const service = namespacedName(namespace, ref.service);
      const trustDomain = ctx.get(inputs.trustDomain, '') ?? '';
      const servers = accounts ?? ctx.read(known.serviceAccounts, service);
      const serverPrincipals = servers
        .map((serviceAccount) => principalOf({ namespace, serviceAccount }, trustDomain))
        .sort(compareText);
      return {
        key: upstreamKey(ref),
        service: { namespace, name: partName(ref) },
        targetPort,
        sni: serviceFqdn({ namespace, name: ref.service }),
        serverPrincipals: serverPrincipals.length === 0 ? [nobody] : serverPrincipals,
        endpoints: choice === 'client' ? [] : sortedEndpoints(endpointsOf(ctx, known, ref)),
        choice,
        tls: ctx.get(inputs.tls, '') ?? noTls,
        ...(ref.dialect === undefined ? {} : { dialect: ref.dialect }),
        ...(ctx.read(known.proxylessServers, service) ? { hasProxylessServers: true } : {}),
      };
    },
  });
}

function endpointsOf(
  ctx: QueryContext,
  known: EndpointQueries,
  { namespace, service: name, host, accounts, targetPort }: UpstreamRef,
): UpstreamPolicy['endpoints'] {
  const service = namespacedName(namespace, name);
  const portNames = new Set(
    ctx
      .read(known.ports, service)
      .filter((port) => port.targetPort === targetPort)
      .map((port) => port.name),
  );
  return known
    .endpoints(ctx, { service, accounts })
    .filter(({ endpoint }) => host === undefined || endpoint.hostname === host)
    .flatMap(({ endpoint, ports }) =>
      ports
        .filter((port) => portNames.has(port.name))
        .map(({ port }) => ({ ip: endpoint.ip, port })),
    );
}

const noTls = { minProtocolVersion: '', maxProtocolVersion: '', cipherSuites: [], ecdhCurves: [] };

/** Sorted by address and port, each once: two service ports with one target port list a pod twice. */
function sortedEndpoints(endpoints: UpstreamPolicy['endpoints']): UpstreamPolicy['endpoints'] {
  const sorted = [...endpoints].sort((a, b) => compareText(a.ip, b.ip) || a.port - b.port);
  return sorted.filter(({ ip, port }, i) => {
    const last = sorted[i - 1];
    return last === undefined || last.ip !== ip || last.port !== port;
  });
}
