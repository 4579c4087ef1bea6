import type { Diagnostic, ObjectRef } from '@osm/model';
import { Severity } from '@osm/proto-mesh';
import { displayName, sortDiagnostics } from '@osm/resources';
import type { Logger } from '@osm/telemetry';
import type { CatalogMetrics } from './metrics.ts';

/** A diagnostic as /diagnostics shows it. */
export interface ShownDiagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly object: ObjectRef;
  readonly message: string;
}

/** All diagnostics in force, whoever found them. Each is logged once when it comes. */
export interface DiagnosticsBoard {
  /** All there is to say now for an owner (a file, an object, a key on the bus); empty = nothing any more. */
  readonly set: (owner: string, diagnostics: readonly Diagnostic[]) => void;
  /** Sorted by place. */
  readonly all: () => readonly ShownDiagnostic[];
  /** What there is to say about one object. */
  readonly about: (ref: ObjectRef) => readonly Diagnostic[];
}

export interface DiagnosticsBoardOptions {
  readonly log: Logger;
  readonly metrics: Pick<CatalogMetrics, 'diagnostics'>;
  /** Where an object was written, for diagnostics that do not know. */
  readonly locate: (ref: ObjectRef) => ObjectRef | undefined;
  /** Told after each change which objects it is about. */
  readonly onChange?: (refs: readonly ObjectRef[]) => void;
}

const nowhere: ObjectRef = { kind: '', namespace: '', name: '', file: '', line: 0 };

export function createDiagnosticsBoard(options: DiagnosticsBoardOptions): DiagnosticsBoard {
  const { log, metrics, locate } = options;
  const byOwner = new Map<string, readonly Diagnostic[]>();
  /** Owners that have something to say about an object. */
  const ownersOf = new Map<string, Set<string>>();
  const index = (owner: string, diagnostics: readonly Diagnostic[], there: boolean): void => {
    for (const { object } of diagnostics) {
      const key = displayName(object ?? nowhere);
      const owners = ownersOf.get(key) ?? new Set();
      if (there) ownersOf.set(key, owners.add(owner));
      else if (owners.delete(owner) && owners.size === 0) ownersOf.delete(key);
    }
  };
  const show = (diagnostic: Diagnostic): ShownDiagnostic => {
    const ref = diagnostic.object ?? nowhere;
    return {
      code: diagnostic.code,
      severity: severityOf(diagnostic),
      object: ref.file === '' ? (locate(ref) ?? ref) : ref,
      message: diagnostic.message,
    };
  };
  const count = (diagnostics: readonly Diagnostic[], by: 1 | -1): void => {
    for (const item of diagnostics) metrics.diagnostics.inc({ severity: severityOf(item) }, by);
  };
  for (const severity of ['error', 'warning'] as const) metrics.diagnostics.set({ severity }, 0);
  return {
    set: (owner, diagnostics) => {
      const before = byOwner.get(owner) ?? [];
      const known = new Set(before.map(identityOf));
      const now = new Set(diagnostics.map(identityOf));
      count(before, -1);
      count(diagnostics, 1);
      index(owner, before, false);
      index(owner, diagnostics, true);
      if (diagnostics.length > 0) byOwner.set(owner, diagnostics);
      else byOwner.delete(owner);
      for (const item of diagnostics) {
        if (!known.has(identityOf(item))) log.warn('diagnostic', fieldsOf(show(item)));
      }
      for (const item of before) {
        if (!now.has(identityOf(item))) log.info('diagnostic is settled', fieldsOf(show(item)));
      }
      options.onChange?.([...before, ...diagnostics].map(({ object }) => object ?? nowhere));
    },
    about: (ref) => {
      const key = displayName(ref);
      const lists = [...(ownersOf.get(key) ?? [])].map((owner) => byOwner.get(owner) ?? []);
      return sortDiagnostics(
        lists.flat().filter(({ object }) => displayName(object ?? nowhere) === key),
      );
    },
    all: () => sortDiagnostics([...byOwner.values()].flat()).map(show),
  };
}

/** Two with one identity say the same; that the object moved to another line is no news. */
function identityOf({ code, object, message }: Diagnostic): string {
  return `${code} ${displayName(object ?? nowhere)} ${message}`;
}

function severityOf({ severity }: Diagnostic): 'error' | 'warning' {
  return severity === Severity.SEVERITY_WARNING ? 'warning' : 'error';
}

function fieldsOf({ code, severity, object, message }: ShownDiagnostic) {
  const place = object.line > 0 ? `${object.file}:${object.line}` : object.file;
  return { code, severity, object: displayName(object), place, reason: message };
}
