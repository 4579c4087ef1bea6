import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Diagnostic, Service } from '@osm/model';
import type { Rival } from './address-rivals.ts';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { diagnosticsOf, type Finding } from './diagnostics.ts';
import type { EndpointQueries, TargetedPort } from './endpoints.ts';
import type { NamespacedName } from './names.ts';
import { sortedUnique, type MembershipQueries } from './membership.ts';
import { podOfEndpoint, slicesOf } from './endpoint-pods.ts';
import { familyOf, hasEndpointsByHand, knownPorts } from './service-ports.ts';

interface Known extends MembershipQueries, EndpointQueries {
  readonly rivals: Query<NamespacedName, readonly Rival[]>;
}

interface Sources {
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
  readonly known: Known;
}

/** Creates the query for what there is to say about a Service. */
export function createServiceDiagnosticsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Known,
): Query<string, readonly Diagnostic[] | undefined> {
  const sources: Sources = { inputs, indexes, known };
  return db.query<string, readonly Diagnostic[] | undefined>({
    name: 'diagnostics of a service',
    compute: (text, ctx) => {
      const key = text as NamespacedName;
      const service = ctx.read(known.service, key);
      if (service === undefined) return undefined;
      return diagnosticsOf('Service', key, [
        ...protocolConflicts(ctx.read(known.ports, key)),
        ...missingNamedPorts(ctx, inputs, service, ctx.read(known.servicePods, key)),
        ...(hasEndpointsByHand(service) ? outsideFindings(ctx, sources, key) : []),
        ...sharedAddresses(key, ctx.read(known.rivals, key)),
      ]);
    },
  });
}

function outsideFindings(
  ctx: QueryContext,
  { inputs, indexes, known }: Sources,
  key: NamespacedName,
): readonly Finding[] {
  if (ctx.read(known.isOutside, key)) {
    if (ctx.get(inputs.egress, '') === true) return [];
    const text =
      'its endpoints are no pods of the mesh in its namespace, and traffic to outside the mesh is off; set enableEgress in the MeshConfig, or nobody reaches it';
    return [{ code: 'service_outside_mesh', text }];
  }
  const strangers = slicesOf(ctx, { inputs, indexes }, key)
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => podOfEndpoint(ctx, { inputs, indexes }, key, endpoint) === undefined)
    .map(({ ip }) => ip);
  if (strangers.length === 0) return [];
  const text = `its endpoints ${sortedUnique(strangers).join(', ')} are no pods of the mesh in its namespace and are not called; give them a service of their own`;
  return [{ code: 'endpoints_outside_mesh', text }];
}

function protocolConflicts(ports: readonly TargetedPort[]): readonly Finding[] {
  const http = ports.filter(({ protocol }) => familyOf(protocol) === 'http');
  return ports
    .filter(({ protocol }) => familyOf(protocol) === 'tcp')
    .flatMap((tcp): readonly Finding[] => {
      const other = http.find(({ targetPort }) => targetPort === tcp.targetPort);
      if (other === undefined) return [];
      const text = `ports ${other.port} (${other.protocol}) and ${tcp.port} (${tcp.protocol}) lead to target port ${tcp.targetPort}, which is served as HTTP; give both one protocol, or split the service in two`;
      return [{ code: 'port_protocol_conflict', text }];
    });
}

function missingNamedPorts(
  ctx: QueryContext,
  inputs: CatalogInputs,
  service: Service,
  pods: readonly NamespacedName[],
): readonly Finding[] {
  if (pods.length === 0) return [];
  return knownPorts(service).flatMap(({ port, target }): readonly Finding[] => {
    if (target.kind !== 'name') return [];
    const { name } = target;
    const found = pods.some((pod) =>
      ctx.get(inputs.podNamedPorts, pod)?.some((candidate) => candidate.name === name),
    );
    if (found) return [];
    const text = `port ${port} leads to the container port ${name}, which none of its pods has; name one that they have, or give its number`;
    return [{ code: 'named_port_missing', text }];
  });
}

/** Told of the later service by name: the first one is called as written. */
function sharedAddresses(key: NamespacedName, rivals: readonly Rival[]): readonly Finding[] {
  return rivals
    .filter(({ service }) => service < key)
    .map(({ service, port }) => ({
      code: 'address_shared',
      text: `it has the same address and port ${port} as Service ${service}; clients that may call both reach ${service} only. Use another port, or one service`,
    }));
}

/** Creates the query for what there is to say about a Pod. */
export function createPodDiagnosticsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
): Query<string, readonly Diagnostic[] | undefined> {
  return db.query<string, readonly Diagnostic[] | undefined>({
    name: 'diagnostics of a pod',
    compute: (key, ctx) => {
      const uuid = ctx.get(inputs.podIdentities, key)?.proxyUuid ?? '';
      const first = ctx.keys(indexes.podsByUuid, uuid)[0];
      if (first === undefined || first === key) return undefined;
      const text = `its label osm-proxy-uuid is that of Pod ${first}, so its sidecar gets no configuration; remove the label from the pod template`;
      return diagnosticsOf('Pod', key as NamespacedName, [{ code: 'proxy_shared', text }]);
    },
  });
}
