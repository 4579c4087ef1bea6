import { createDatabase, type Change } from '@osm/incremental';
import type { ObjectRef } from '@osm/model';
import { compareText } from '@osm/prelude';
import { createGrantsQuery } from './access.ts';
import { createCaptureQuery } from './capture.ts';
import { createRivalsQuery } from './address-rivals.ts';
import {
  applyCatalogChange,
  createCatalogIndexes,
  createCatalogInputs,
  type CatalogChange,
} from './catalog-inputs.ts';
import { createDiagnostics, type ObjectDiagnostics } from './object-diagnostics.ts';
import { createEndpointQueries } from './endpoints.ts';
import { captureKey, outboundKey, scopeKey, upstreamKey, workloadKey } from './keys.ts';
import { createMembershipQueries } from './membership.ts';
import { createOutboundQuery } from './outbound.ts';
import type { PolicyUnit, ProxyAssignmentPolicy, UnitKey } from './proxy-policy.ts';
import { createProxylessQueries } from './proxyless.ts';
import { createReachQueries } from './reach.ts';
import { createSplitQueries } from './splits.ts';
import { createUpstreamQuery } from './upstream.ts';
import { createWorkloadQueries } from './workload.ts';

/** What a batch of catalog changes means. Write it in the order of the fields. */
export interface PolicyDifference {
  /** Units that are new or differ, each after all that it includes; otherwise sorted by key. */
  readonly unitPuts: readonly PolicyUnit[];
  /** Sorted by proxy uuid. */
  readonly assignmentPuts: readonly ProxyAssignmentPolicy[];
  /** Proxy uuids, sorted. */
  readonly assignmentDeletes: readonly string[];
  /** Keys of units that nobody reaches any more, each after all that included it; otherwise sorted. */
  readonly unitDeletes: readonly UnitKey[];
  /** Objects with something to say about them, sorted; never with an empty list. */
  readonly diagnosticPuts: readonly ObjectDiagnostics[];
  /** Objects that had diagnostics and have none now, sorted. */
  readonly diagnosticDeletes: readonly ObjectRef[];
}

/** Keeps the policy of a catalog up to date. */
export interface PolicyCompiler {
  /** Applies changes as one batch and returns what differs. Equal objects change nothing. */
  readonly apply: (changes: Iterable<CatalogChange>) => PolicyDifference;
  /** Query values computed since the start: the work done, for measurements. */
  readonly evaluations: () => number;
}

/** Creates a compiler for an empty catalog. */
export function createPolicyCompiler(): PolicyCompiler {
  const db = createDatabase();
  const inputs = createCatalogInputs(db);
  const indexes = createCatalogIndexes(db, inputs);
  const membership = createMembershipQueries(db, inputs, indexes);
  const splits = createSplitQueries(db, inputs, indexes);
  const proxyless = createProxylessQueries(db, inputs, indexes, membership);
  const places = createEndpointQueries(db, inputs, indexes, { ...membership, ...splits });
  const services = { ...membership, ...splits, ...places };
  const upstream = createUpstreamQuery(db, inputs, { ...services, ...proxyless });
  const outbound = createOutboundQuery(db, inputs, {
    ...services,
    upstream,
    aliases: indexes.servicesByExternalName,
  });
  const rivals = createRivalsQuery(db, inputs, indexes, services);
  const reach = createReachQueries(db, inputs, indexes, { ...services, rivals, outbound });
  const grants = createGrantsQuery(db, inputs, indexes);
  const capture = createCaptureQuery(db, inputs);
  const { workload, assignment } = createWorkloadQueries(db, inputs, indexes, {
    ...membership,
    ...reach,
    ...proxyless,
    grants,
    capture,
  });
  db.rootPerIndexKey(indexes.podsByUuid, assignment);
  const diagnostics = createDiagnostics(db, inputs, indexes, { ...services, rivals });
  const watches = {
    upstream: db.watch(upstream),
    outbound: db.watch(outbound),
    scope: db.watch(reach.scope),
    capture: db.watch(capture),
    workload: db.watch(workload),
    assignment: db.watch(assignment),
  };

  return {
    apply: (changes) => {
      for (const change of changes) applyCatalogChange(inputs, change);
      db.run();
      const upstreams = unitChanges('upstream', upstreamKey, watches.upstream.take());
      const outbounds = unitChanges('outbound', outboundKey, watches.outbound.take());
      const scopes = unitChanges('scope', scopeKey, watches.scope.take());
      const captures = unitChanges('capture', captureKey, watches.capture.take());
      const workloads = unitChanges('workload', workloadKey, watches.workload.take());
      const assignments = watches.assignment.take();
      return {
        unitPuts: [upstreams, outbounds, scopes, captures, workloads].flatMap(({ puts }) => puts),
        assignmentPuts: assignments.flatMap((change) =>
          change.kind === 'put' ? [change.value] : [],
        ),
        assignmentDeletes: assignments.flatMap((change) =>
          change.kind === 'put' ? [] : [change.key],
        ),
        unitDeletes: [workloads, captures, scopes, outbounds, upstreams].flatMap(
          ({ deletes }) => deletes,
        ),
        ...diagnostics.take(),
      };
    },
    evaluations: () => db.stats().evaluations,
  };
}

interface UnitChanges {
  readonly puts: readonly PolicyUnit[];
  readonly deletes: readonly UnitKey[];
}

function unitChanges<K, Kind extends PolicyUnit['kind']>(
  kind: Kind,
  keyOf: (key: K) => UnitKey,
  changes: readonly Change<K, Extract<PolicyUnit, { kind: Kind }>['policy'] | undefined>[],
): UnitChanges {
  const puts: PolicyUnit[] = [];
  const deletes: UnitKey[] = [];
  for (const change of changes) {
    if (change.kind === 'put') puts.push({ kind, policy: change.value } as PolicyUnit);
    else deletes.push(keyOf(change.key));
  }
  return { puts, deletes: deletes.sort(compareText) };
}
