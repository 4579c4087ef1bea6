/** Stable codes of errors that come from the outside world. */
export type MeshErrorCode =
  | 'bus_unavailable'
  | 'bus_timeout'
  | 'bus_refused'
  | 'bus_full'
  | 'payload_too_large'
  | 'invalid_config'
  | 'invalid_certificate'
  | 'sign_refused'
  | 'not_found'
  | 'api_unavailable'
  | 'api_refused'
  | 'api_conflict'
  | 'api_expired'
  | 'io'
  | 'unknown';

/** An error of the outside world: thrown where it happens, caught once per loop. `code` is stable, `message` is for people. */
export class MeshError extends Error {
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'MeshError';
    this.code = code;
  }

  /** The one door for things of unknown type that were thrown. */
  static from(thrown: unknown, code: MeshErrorCode = 'unknown'): MeshError {
    if (thrown instanceof MeshError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new MeshError(code, message, { cause: thrown });
  }
}
