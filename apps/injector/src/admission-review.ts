import jsonPatch from 'fast-json-patch';
import type { JsonObject } from '@osm/injection';

/** The part of an AdmissionReview (admission.k8s.io/v1) that injection reads. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly namespace: string;
  /** Kind of the object, for metrics. */
  readonly kind: string;
  readonly object: unknown;
  readonly dryRun: boolean;
}

/** What is answered. */
export type Admission =
  | { readonly kind: 'allow' }
  | { readonly kind: 'patch'; readonly pod: JsonObject; readonly warnings: readonly string[] }
  | { readonly kind: 'deny'; readonly message: string };

/** Reads the body of a webhook call; undefined when it is no AdmissionReview with a request. */
export function parseAdmissionReview(body: string): AdmissionRequest | undefined {
  const request = field(parseJson(body), 'request');
  const uid = field(request, 'uid');
  if (typeof uid !== 'string') return undefined;
  const namespace = field(request, 'namespace');
  const kind = field(field(request, 'kind'), 'kind');
  return {
    uid,
    namespace: typeof namespace === 'string' ? namespace : '',
    kind: typeof kind === 'string' ? kind : '',
    object: field(request, 'object'),
    dryRun: field(request, 'dryRun') === true,
  };
}

/** The AdmissionReview to answer with. A patch is a JSON Patch of what differs, nothing else. */
export function admissionReview(uid: string, object: unknown, admission: Admission): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...outcome(object, admission) },
  };
}

function outcome(object: unknown, admission: Admission): JsonObject {
  switch (admission.kind) {
    case 'allow':
      return { allowed: true };
    case 'deny':
      return { allowed: false, status: { message: admission.message } };
    case 'patch': {
      const patch = jsonPatch.compare(object as object, admission.pod);
      return {
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
        ...(admission.warnings.length > 0 ? { warnings: admission.warnings } : {}),
      };
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
