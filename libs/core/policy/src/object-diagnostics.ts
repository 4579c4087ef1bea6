import type { Database, Query, Watch } from '@osm/incremental';
import type { Diagnostic, ObjectRef } from '@osm/model';
import type { Rival } from './address-rivals.ts';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { objectRef, type DiagnosedKind } from './diagnostics.ts';
import type { EndpointQueries } from './endpoints.ts';
import type { NamespacedName } from './names.ts';
import type { MembershipQueries } from './membership.ts';
import { createPodDiagnosticsQuery, createServiceDiagnosticsQuery } from './service-diagnostics.ts';
import { createSplitDiagnosticsQuery } from './split-diagnostics.ts';
import type { SplitQueries } from './splits.ts';
import { createTargetDiagnosticsQuery } from './target-diagnostics.ts';

/** All diagnostics of one object. */
export interface ObjectDiagnostics {
  readonly object: ObjectRef;
  readonly diagnostics: readonly Diagnostic[];
}

/** Differences in what there is to say, by object; sorted by kind, namespace and name. */
export interface DiagnosticsDifference {
  readonly diagnosticPuts: readonly ObjectDiagnostics[];
  readonly diagnosticDeletes: readonly ObjectRef[];
}

interface Known extends MembershipQueries, EndpointQueries, SplitQueries {
  readonly rivals: Query<NamespacedName, readonly Rival[]>;
}

/** Wants the diagnostics of every object that can have some; `take` tells the differences since the last call. */
export function createDiagnostics(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Known,
): { readonly take: () => DiagnosticsDifference } {
  const queries = {
    Pod: createPodDiagnosticsQuery(db, inputs, indexes),
    Service: createServiceDiagnosticsQuery(db, inputs, indexes, known),
    TrafficSplit: createSplitDiagnosticsQuery(db, inputs, indexes, known),
    TrafficTarget: createTargetDiagnosticsQuery(db, inputs, indexes, known),
  };
  db.rootPerKey(inputs.podIdentities, queries.Pod);
  db.rootPerKey(inputs.services, queries.Service);
  db.rootPerKey(inputs.splits, queries.TrafficSplit);
  db.rootPerKey(inputs.targets, queries.TrafficTarget);
  const kinds = Object.keys(queries) as DiagnosedKind[];
  const watches = kinds.map((kind): [DiagnosedKind, Watched] => [kind, db.watch(queries[kind])]);
  return {
    take: () => {
      const changes = watches.flatMap(([kind, watch]) =>
        watch.take().map((change) => ({
          object: objectRef(kind, change.key as NamespacedName),
          change,
        })),
      );
      return {
        diagnosticPuts: changes.flatMap(({ object, change }) =>
          change.kind === 'put' ? [{ object, diagnostics: change.value }] : [],
        ),
        diagnosticDeletes: changes.flatMap(({ object, change }) =>
          change.kind === 'delete' ? [object] : [],
        ),
      };
    },
  };
}

type Watched = Watch<string, readonly Diagnostic[] | undefined>;
