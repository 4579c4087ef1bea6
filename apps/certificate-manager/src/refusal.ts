import type { SignResponse } from '@osm/proto-mesh';

/** Why a request is not granted (osm.trust.v1.Refused). */
export type RefusalCode =
  | 'invalid_csr'
  | 'invalid_subject'
  | 'invalid_proof'
  | 'stale'
  | 'replayed'
  | 'forbidden'
  | 'unknown_identity'
  | 'not_ready';

/** A no, and what to do about it. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/** The answer that says no, and what to do about it. */
export function refuse(code: RefusalCode, message: string): SignResponse {
  return { result: { $case: 'refused', value: { code, message } } };
}
