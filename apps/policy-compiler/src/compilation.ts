import { bundleDiagnosticCodes, type BundleProblem } from '@osm/envoy';
import { severityOf, type ObjectRef } from '@osm/model';
import {
  createPolicyCompiler,
  type CatalogChange,
  type PolicyDifference,
  type UnitKey,
} from '@osm/policy';
import { sortedBy } from '@osm/prelude';
import type { ProxyAssignment } from '@osm/proto-mesh';
import { blamedObject } from './blamed-object.ts';
import { createDiagnosticsLedger } from './diagnostics-ledger.ts';
import type { Publication } from './publisher.ts';
import { createUnitStore, type BundleChanges } from './unit-store.ts';

const writer = 'policy-compiler';

/** What a batch came to. */
export interface CompiledBatch {
  readonly publication: Publication;
  readonly encoded: BundleChanges['encoded'];
}

/** From catalog changes to what is on the bus, all in memory. */
export interface Compilation {
  readonly apply: (changes: readonly CatalogChange[]) => CompiledBatch;
  /** Everything there is, as puts. */
  readonly contents: () => Publication;
  readonly counts: () => {
    readonly bundles: ReadonlyMap<string, number>;
    readonly keptBack: number;
    readonly proxies: number;
    readonly diagnostics: { readonly error: number; readonly warning: number };
  };
}

/** Creates the compilation of an empty catalog. */
export function createCompilation(): Compilation {
  const compiler = createPolicyCompiler();
  const units = createUnitStore();
  const ledger = createDiagnosticsLedger(writer);
  const assignments = new Map<string, ProxyAssignment>();
  const keptBack = new Set<UnitKey>();

  const noteProblems = (problems: BundleChanges['problems']): void => {
    for (const [key, found] of problems) {
      const object = blamedObject(key);
      if (found.length > 0) keptBack.add(key);
      else keptBack.delete(key);
      ledger.set(
        `unit ${key}`,
        object,
        found.map((problem) => diagnosticOf(object, problem)),
      );
    }
  };
  const notePolicy = ({ diagnosticPuts, diagnosticDeletes }: PolicyDifference): void => {
    for (const { object, diagnostics } of diagnosticPuts) ledger.set('policy', object, diagnostics);
    for (const object of diagnosticDeletes) ledger.set('policy', object, []);
  };
  const noteAssignments = (difference: PolicyDifference): Publication['assignmentPuts'] => {
    for (const uuid of difference.assignmentDeletes) assignments.delete(uuid);
    return difference.assignmentPuts.map(
      ({ proxyUuid, namespace, pod, serviceAccount, workload }) => {
        const assignment = { namespace, pod, serviceAccount, bundle: workload };
        assignments.set(proxyUuid, assignment);
        return [proxyUuid, assignment] as const;
      },
    );
  };

  return {
    apply: (changes) => {
      const difference = compiler.apply(changes);
      const { puts, deletes, problems, encoded } = units.apply(difference);
      noteProblems(problems);
      notePolicy(difference);
      const said = ledger.drain();
      return {
        encoded,
        publication: {
          bundlePuts: puts,
          bundleDeletes: deletes,
          assignmentPuts: noteAssignments(difference),
          assignmentDeletes: difference.assignmentDeletes,
          diagnosticPuts: said.puts,
          diagnosticDeletes: said.deletes,
        },
      };
    },
    contents: () => ({
      bundlePuts: units.contents(),
      bundleDeletes: [],
      assignmentPuts: sortedBy(assignments, ([uuid]) => uuid),
      assignmentDeletes: [],
      diagnosticPuts: [...ledger.contents()],
      diagnosticDeletes: [],
    }),
    counts: () => ({
      bundles: units.counts(),
      keptBack: keptBack.size,
      proxies: assignments.size,
      diagnostics: ledger.counts(),
    }),
  };
}

function diagnosticOf(object: ObjectRef, { code, message }: BundleProblem) {
  const place = object.namespace === '' ? '' : `${object.namespace}/`;
  const name = `${object.kind} ${place}${object.name}`;
  return {
    code,
    severity: severityOf(bundleDiagnosticCodes[code]),
    object,
    message: `${name}: ${message}. The last good configuration stays in force`,
  };
}
