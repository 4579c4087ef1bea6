import type { DeepReadonly } from '@osm/prelude';
import {
  Severity,
  type ObjectRef as ObjectRefMessage,
  type Diagnostic as DiagnosticMessage,
} from '@osm/proto-mesh';

/** Names a Kubernetes object, and its place when it came from a file. */
export type ObjectRef = DeepReadonly<ObjectRefMessage>;
/** What is wrong with an object, and what to do about it. */
export type Diagnostic = DeepReadonly<DiagnosticMessage>;

/** What is fixed about a code: how bad it is, and what it means. docs/diagnostics.md is made from these. */
export interface DiagnosticCode {
  /** Error: something that was written has no effect. Warning: it has one that may surprise. */
  readonly severity: 'error' | 'warning';
  /** A sentence or two about all diagnostics with this code; the message of each names the object and the remedy. */
  readonly meaning: string;
}

/** The severity of a code, as diagnostics carry it. */
export function severityOf({ severity }: Pick<DiagnosticCode, 'severity'>): Severity {
  return severity === 'error' ? Severity.SEVERITY_ERROR : Severity.SEVERITY_WARNING;
}
