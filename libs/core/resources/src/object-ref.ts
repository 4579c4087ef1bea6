import type { Diagnostic, ObjectRef } from '@osm/model';
import { Severity } from '@osm/proto-mesh';
import type { ResourceDiagnosticCode } from './diagnostic-codes.ts';

/** What people call an object: `TrafficTarget bookstore/buyer`. */
export function displayName(ref: ObjectRef): string {
  const name = ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
  return ref.kind === '' ? name : `${ref.kind} ${name}`;
}

/** A diagnostic about an object. */
export function diagnostic(
  code: ResourceDiagnosticCode,
  severity: 'error' | 'warning',
  object: ObjectRef,
  message: string,
): Diagnostic {
  const value = severity === 'error' ? Severity.SEVERITY_ERROR : Severity.SEVERITY_WARNING;
  return { code, severity: value, object, message };
}
