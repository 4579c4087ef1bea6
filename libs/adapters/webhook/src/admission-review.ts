/** The part of an AdmissionReview (admission.k8s.io/v1) that the mesh reads. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly namespace: string;
  /** Empty while the API server has yet to make one up. */
  readonly name: string;
  readonly kind: AdmissionKind;
  readonly object: unknown;
  /** What is to be replaced or deleted. */
  readonly oldObject: unknown;
  readonly dryRun: boolean;
}

/** Kind of the object in question. */
export interface AdmissionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What is answered. Warnings are shown by kubectl. */
export type AdmissionAnswer =
  | { readonly kind: 'allow'; readonly warnings: readonly string[] }
  | {
      readonly kind: 'patch';
      /** JSON Patch. */
      readonly patch: readonly unknown[];
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'deny'; readonly message: string; readonly warnings: readonly string[] };

/** Reads the body of a webhook call; undefined when it is no AdmissionReview with a request. */
export function parseAdmissionReview(body: string): AdmissionRequest | undefined {
  const request = field(parseJson(body), 'request');
  const uid = field(request, 'uid');
  if (typeof uid !== 'string') return undefined;
  const kind = field(request, 'kind');
  return {
    uid,
    operation: textField(request, 'operation'),
    namespace: textField(request, 'namespace'),
    name: textField(request, 'name'),
    kind: {
      group: textField(kind, 'group'),
      version: textField(kind, 'version'),
      kind: textField(kind, 'kind'),
    },
    object: field(request, 'object'),
    oldObject: field(request, 'oldObject'),
    dryRun: field(request, 'dryRun') === true,
  };
}

/** Longer warnings are cut off by the API server, and many of them left out. */
const warningLengthMax = 250;
const warningsMax = 16;

/** The AdmissionReview to answer with. */
export function admissionReview(uid: string, answer: AdmissionAnswer): object {
  const warnings = answer.warnings.slice(0, warningsMax).map(clip);
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...outcome(answer), ...(warnings.length > 0 ? { warnings } : {}) },
  };
}

function outcome(answer: AdmissionAnswer): object {
  switch (answer.kind) {
    case 'allow':
      return { allowed: true };
    case 'deny':
      return { allowed: false, status: { message: answer.message } };
    case 'patch':
      return {
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(answer.patch)).toString('base64'),
      };
  }
}

function clip(warning: string): string {
  return warning.length > warningLengthMax
    ? `${warning.slice(0, warningLengthMax - 3)}...`
    : warning;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textField(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
