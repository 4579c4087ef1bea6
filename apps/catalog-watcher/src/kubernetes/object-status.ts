import type { Diagnostic } from '@osm/model';
import { Severity } from '@osm/proto-mesh';

/** A condition of an object's status (Kubernetes API conventions, metav1.Condition). */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  /** RFC 3339; changes with `status` only. */
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** What the mesh writes into the status of a policy object. `currentStatus` and `reason` are what OSM's policy kinds had. */
export interface ObjectStatus {
  readonly currentStatus: 'committed' | 'error';
  readonly reason: string;
  readonly observedGeneration: number;
  readonly conditions: readonly [Condition];
}

const between = '; ';
const messageLengthMax = 4_096;

/** Warnings that say that nothing of the object is in force. */
const withoutEffect: ReadonlySet<string> = new Set(['unsupported_kind']);

/**
 * The status of an object that these diagnostics are about: accepted unless one of them is an error.
 *
 * @param before - The status that the object has; when it says the same it is returned itself, so nothing need be written.
 */
export function statusOf(
  diagnostics: readonly Diagnostic[],
  generation: number,
  before: unknown,
  now: string,
): ObjectStatus {
  const errors = diagnostics.filter(
    ({ code, severity }) => severity !== Severity.SEVERITY_WARNING || withoutEffect.has(code),
  );
  const said = [...errors, ...diagnostics.filter((each) => !errors.includes(each))];
  const status = errors.length === 0 ? 'True' : 'False';
  const reason = said[0] === undefined ? 'Accepted' : camelCase(said[0].code);
  const text = said.map(({ message }) => message).join(between);
  const message = text === '' ? 'In force' : text.slice(0, messageLengthMax);
  const old = conditionOf(before);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
  const type = 'Accepted';
  return {
    currentStatus: status === 'True' ? 'committed' : 'error',
    reason: message,
    observedGeneration: generation,
    conditions: [
      { type, status, observedGeneration: generation, lastTransitionTime, reason, message },
    ],
  };
}

/** Whether an object's status says already what it should. */
export function saysTheSame(before: unknown, status: ObjectStatus): boolean {
  const old = conditionOf(before);
  const [now] = status.conditions;
  return (
    old !== undefined &&
    old.status === now.status &&
    old.reason === now.reason &&
    old.message === now.message &&
    old.observedGeneration === now.observedGeneration
  );
}

/** Whether a status says this already: then an Event has told it, too. */
export function hasTold(status: unknown, { message }: Diagnostic): boolean {
  return conditionOf(status)?.message.split(between).includes(message) ?? false;
}

function conditionOf(status: unknown): Condition | undefined {
  const conditions = (status as { readonly conditions?: unknown } | undefined)?.conditions;
  if (!Array.isArray(conditions)) return undefined;
  return (conditions as readonly Condition[]).find(({ type }) => type === 'Accepted');
}

/** `missing_route_group` is `MissingRouteGroup` in a reason. */
function camelCase(code: string): string {
  return code
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
