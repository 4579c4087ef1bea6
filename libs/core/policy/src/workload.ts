import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Service } from '@osm/model';
import type { Grant } from './access.ts';
import type { CatalogIndexes, CatalogInputs, PodIdentity } from './catalog-inputs.ts';
import { podOfEndpoint, slicesOf } from './endpoint-pods.ts';
import { inboundPolicies, type AccessMode } from './inbound.ts';
import {
  captureKey,
  permissiveScopeKey,
  proxylessScopeKey,
  workloadKey,
  type CaptureRef,
  type WorkloadRef,
} from './keys.ts';
import { nameOf, namespacedName, type NamespacedName } from './names.ts';
import { sortedUnique, type MembershipQueries } from './membership.ts';
import type {
  CapturePolicy,
  Outbound,
  ProxyAssignmentPolicy,
  UnitKey,
  WorkloadPolicy,
} from './proxy-policy.ts';
import type { ProxylessQueries } from './proxyless.ts';
import type { ReachQueries } from './reach.ts';
import { knownPorts } from './service-ports.ts';

interface Known extends MembershipQueries, ProxylessQueries, ReachQueries {
  readonly grants: Query<NamespacedName, readonly Grant[]>;
  readonly capture: Query<CaptureRef, CapturePolicy>;
}

export interface WorkloadQueries {
  readonly workload: Query<WorkloadRef, WorkloadPolicy>;
  /** By proxy uuid. Of several pods with one uuid the first by name counts. */
  readonly assignment: Query<string, ProxyAssignmentPolicy | undefined>;
}

const noTls = { minProtocolVersion: '', maxProtocolVersion: '', cipherSuites: [], ecdhCurves: [] };

/** Creates the queries for workload units and for the proxies that get them. */
export function createWorkloadQueries(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Known,
): WorkloadQueries {
  const workload = db.query<WorkloadRef, WorkloadPolicy>({
    name: 'workload',
    keyText: workloadKey,
    compute: (ref, ctx) => {
      const { namespace, serviceAccount } = ref;
      const account = namespacedName(namespace, serviceAccount);
      const permissive = ctx.get(inputs.permissive, '') === true;
      const services = ref.services
        .map((name) => ctx.read(known.service, namespacedName(namespace, name)))
        .filter((service) => service !== undefined);
      const access: AccessMode = {
        kind: permissive ? 'permissive' : 'enforced',
        grants: ctx.read(known.grants, account),
      };
      const numbers = new Map(ref.namedPorts.map(({ name, port }) => [name, port]));
      return {
        key: workloadKey(ref),
        identity: { namespace, serviceAccount },
        inbound: inboundPolicies(services, (name) => numbers.get(name), access),
        metrics: ref.metrics,
        tls: ctx.get(inputs.tls, '') ?? noTls,
        ...(ref.dialect === undefined
          ? {
              outbound: permissive ? everything(ctx, known) : allowed(ctx, known, account, inputs),
              ...(ctx.read(known.anyProxyless, '') ? { hasProxylessClients: true } : {}),
            }
          : {
              outbound: byName(ctx, known, account, permissive),
              dialect: ref.dialect,
              trustDomain: ctx.get(inputs.trustDomain, '') ?? '',
            }),
      };
    },
  });
  const assignment = db.query<string, ProxyAssignmentPolicy | undefined>({
    name: 'assignment',
    compute: (proxyUuid, ctx) => {
      const key = firstInMesh(ctx, inputs, ctx.keys(indexes.podsByUuid, proxyUuid));
      const pod = key === undefined ? undefined : ctx.get(inputs.podIdentities, key);
      if (key === undefined || pod === undefined) return undefined;
      const ref = workloadOf(ctx, { inputs, indexes, known, key, pod });
      ctx.demand(workload, ref);
      const { namespace, name, serviceAccount } = pod;
      return { proxyUuid, namespace, pod: name, serviceAccount, workload: workloadKey(ref) };
    },
  });
  return { workload, assignment };
}

function everything(ctx: QueryContext, known: Known): Outbound {
  ctx.demand(known.scope, '');
  const capture = captureFor(ctx, known, ctx.read(known.allServerFirstPorts, ''));
  return { kind: 'permissive', scope: permissiveScopeKey, capture };
}

/** With egress there is something to call outside the mesh, hence never 'nothing'. */
function allowed(
  ctx: QueryContext,
  known: Known,
  account: NamespacedName,
  inputs: CatalogInputs,
): Outbound {
  const units = ctx.read(known.listed, account);
  if (units.length === 0 && ctx.get(inputs.egress, '') !== true) return { kind: 'nothing' };
  const capture = captureFor(ctx, known, ctx.read(known.serverFirstPorts, account));
  return { kind: 'listed', units, capture };
}

function byName(
  ctx: QueryContext,
  known: Known,
  account: NamespacedName,
  permissive: boolean,
): Outbound {
  if (!permissive) return { kind: 'by-name', units: ctx.read(known.listedByName, account) };
  ctx.demand(known.scope, 'proxyless');
  return { kind: 'by-name', units: [proxylessScopeKey] };
}

function captureFor(ctx: QueryContext, known: Known, serverFirstPorts: readonly number[]): UnitKey {
  ctx.demand(known.capture, { serverFirstPorts });
  return captureKey({ serverFirstPorts });
}

function firstInMesh(
  ctx: QueryContext,
  inputs: CatalogInputs,
  pods: readonly string[],
): NamespacedName | undefined {
  return (pods as readonly NamespacedName[]).find((key) => {
    const namespace = ctx.get(inputs.podIdentities, key)?.namespace;
    return namespace !== undefined && ctx.get(inputs.namespaces, namespace) !== undefined;
  });
}

interface PodContext {
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
  readonly known: Known;
  readonly key: NamespacedName;
  readonly pod: PodIdentity;
}

function workloadOf(ctx: QueryContext, { known, key, pod, ...sources }: PodContext): WorkloadRef {
  const keys = ctx.read(known.podServices, key);
  const services = keys
    .map((service) => ctx.read(known.service, service))
    .filter((service) => service !== undefined);
  return {
    namespace: pod.namespace,
    serviceAccount: pod.serviceAccount,
    services: keys.map(nameOf),
    namedPorts: namedPortsOf(ctx, sources, key, services),
    // A proxyless pod has no metrics listener: what it shows is its own affair.
    ...(pod.proxyless ? { metrics: false, dialect: 'proxyless' } : { metrics: pod.scrape }),
  };
}

/** Numbers that the pod's services leave to the pod, or to endpoints that were written by hand. */
function namedPortsOf(
  ctx: QueryContext,
  sources: Pick<PodContext, 'inputs' | 'indexes'>,
  pod: NamespacedName,
  services: readonly Service[],
): WorkloadRef['namedPorts'] {
  const numbers = services.flatMap((service) =>
    knownPorts(service).flatMap(({ name, target }) => {
      if (target.kind === 'number') return [];
      const port =
        target.kind === 'name'
          ? ctx.get(sources.inputs.podNamedPorts, pod)?.find((one) => one.name === target.name)
              ?.port
          : portByHand(ctx, sources, { pod, service, name });
      return port === undefined ? [] : [{ name: target.name, port }];
    }),
  );
  const byName = new Map(numbers.map((number) => [number.name, number]));
  return sortedUnique(byName.keys()).flatMap((name) => byName.get(name) ?? []);
}

interface PortByHand {
  readonly pod: NamespacedName;
  readonly service: Service;
  /** Of the service port. */
  readonly name: string;
}

function portByHand(
  ctx: QueryContext,
  sources: Pick<PodContext, 'inputs' | 'indexes'>,
  { pod, service, name }: PortByHand,
): number | undefined {
  const key = namespacedName(service.namespace, service.name);
  return slicesOf(ctx, sources, key)
    .filter(({ endpoints }) =>
      endpoints.some((endpoint) => podOfEndpoint(ctx, sources, key, endpoint) === pod),
    )
    .flatMap(({ ports }) => ports)
    .find((port) => port.name === name)?.port;
}
