import { severityOf, type Diagnostic, type ObjectRef } from '@osm/model';
import { resourceDiagnosticCodes, type ResourceDiagnosticCode } from './diagnostic-codes.ts';

/** What people call an object: `TrafficTarget bookstore/buyer`. */
export function displayName(ref: ObjectRef): string {
  const name = ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
  return ref.kind === '' ? name : `${ref.kind} ${name}`;
}

/** A diagnostic about an object. */
export function diagnostic(
  code: ResourceDiagnosticCode,
  object: ObjectRef,
  message: string,
): Diagnostic {
  return { code, severity: severityOf(resourceDiagnosticCodes[code]), object, message };
}
