import type { Diagnostic, ObjectRef } from '@osm/model';
import { diagnosticsKey } from '@osm/policy';
import { compareText } from '@osm/prelude';
import { Severity, type Diagnostics } from '@osm/proto-mesh';

/** Differences of what this service says about objects, for the bucket "diagnostics". */
export interface LedgerChanges {
  readonly puts: readonly (readonly [string, Diagnostics])[];
  readonly deletes: readonly string[];
}

/** Who says what about which object: several sources may speak about one object, and the bucket has one value for it. */
export interface DiagnosticsLedger {
  /** All that `source` has to say about an object now; an empty list takes it back. */
  readonly set: (source: string, object: ObjectRef, diagnostics: readonly Diagnostic[]) => void;
  /** What differs since the last call. */
  readonly drain: () => LedgerChanges;
  /** Everything, by key. */
  readonly contents: () => ReadonlyMap<string, Diagnostics>;
  readonly counts: () => { readonly error: number; readonly warning: number };
}

/** Creates an empty ledger for a writer: the first part of its keys. */
export function createDiagnosticsLedger(writer: string): DiagnosticsLedger {
  const bySource = new Map<string, Map<string, readonly Diagnostic[]>>();
  const touched = new Set<string>();
  const counts = { error: 0, warning: 0 };
  const count = (list: readonly Diagnostic[], by: number): void => {
    for (const { severity } of list)
      counts[severity === Severity.SEVERITY_ERROR ? 'error' : 'warning'] += by;
  };
  const messageOf = (key: string): Diagnostics | undefined => {
    const sources = [...(bySource.get(key) ?? [])].sort(([a], [b]) => compareText(a, b));
    // The bus only encodes it, so read-only values may stand for the generated mutable type.
    const diagnostics = sources.flatMap(([, list]) => list) as Diagnostics['diagnostics'];
    return diagnostics.length === 0 ? undefined : { diagnostics };
  };
  return {
    set: (source, object, diagnostics) => {
      const key = diagnosticsKey(writer, object);
      const sources = bySource.get(key) ?? new Map<string, readonly Diagnostic[]>();
      const before = sources.get(source) ?? [];
      if (before.length === 0 && diagnostics.length === 0) return;
      count(before, -1);
      count(diagnostics, 1);
      if (diagnostics.length > 0) sources.set(source, diagnostics);
      else sources.delete(source);
      if (sources.size > 0) bySource.set(key, sources);
      else bySource.delete(key);
      touched.add(key);
    },
    drain: () => {
      const changes = [...touched].sort(compareText).map((key) => [key, messageOf(key)] as const);
      touched.clear();
      return {
        puts: changes.flatMap(([key, value]) =>
          value === undefined ? [] : [[key, value] as const],
        ),
        deletes: changes.flatMap(([key, value]) => (value === undefined ? [key] : [])),
      };
    },
    contents: () => {
      const keys = [...bySource.keys()].sort(compareText);
      return new Map(keys.map((key) => [key, messageOf(key) ?? { diagnostics: [] }]));
    },
    counts: () => counts,
  };
}
