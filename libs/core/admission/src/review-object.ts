import { displayName, parseObject, sameValue } from '@osm/resources';
import { Severity } from '@osm/proto-mesh';
import type { AdmissionChange, AdmissionWorld, Verdict } from './admission-world.ts';
import { fieldAt } from './fields.ts';
import { kindRules } from './kind-rules.ts';

const admitted: Verdict = { refusals: [], warnings: [] };

/**
 * Judges an object by itself, as the catalog would, and beside the others of the mesh.
 */
export function reviewObject(change: AdmissionChange, world: AdmissionWorld): Verdict {
  const { ref, object, before } = change;
  // Labels, finalizers, the end of an object: no matter how wrong it is, it must not be stuck.
  const sameSpec = before !== undefined && sameValue(specOf(object), specOf(before));
  if (sameSpec || fieldAt(object, 'metadata', 'deletionTimestamp') !== undefined) return admitted;

  const refusals: string[] = [];
  const warnings: string[] = [];
  const { value, diagnostics } = parseObject(object, ref, world.scope);
  for (const { severity, message } of diagnostics) {
    if (severity === Severity.SEVERITY_WARNING) warnings.push(message);
    else refusals.push(message);
  }
  const known = world.object('namespace', '', ref.namespace) !== undefined;
  const rules = kindRules.get(ref.kind);
  const name = displayName(ref);
  rules?.(
    { ...change, spec: fieldAt(object, 'spec'), value, world, known },
    {
      refuse: (text) => refusals.push(`${name}: ${text}`),
      warn: (text) => warnings.push(`${name}: ${text}`),
    },
  );
  return { refusals, warnings };
}

const beside = ['apiVersion', 'metadata', 'status'];

/** All but metadata and status: the early versions of SMI's kinds have no spec. */
function specOf(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object;
  return Object.fromEntries(Object.entries(object).filter(([name]) => !beside.includes(name)));
}
