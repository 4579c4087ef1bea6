import jsonPatch from 'fast-json-patch';
import type { JsonObject } from '@osm/injection';
import type { AdmissionAnswer } from '@osm/webhook';

/** What was decided about a pod. */
export type Admission =
  | { readonly kind: 'allow' }
  | { readonly kind: 'patch'; readonly pod: JsonObject; readonly warnings: readonly string[] }
  | { readonly kind: 'deny'; readonly message: string };

/** The answer to the API server. A patch is a JSON Patch of what differs, nothing else. */
export function answerOf(object: unknown, admission: Admission): AdmissionAnswer {
  switch (admission.kind) {
    case 'allow':
      return { kind: 'allow', warnings: [] };
    case 'deny':
      return { kind: 'deny', message: admission.message, warnings: [] };
    case 'patch': {
      const { warnings } = admission;
      const patch = jsonPatch.compare(object as object, admission.pod);
      return patch.length === 0 ? { kind: 'allow', warnings } : { kind: 'patch', patch, warnings };
    }
  }
}
