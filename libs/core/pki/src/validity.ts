/** When a certificate holds. Both in milliseconds since the epoch, on whole seconds as X.509 has them. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What was asked for, and the limits that it must keep. */
export interface ValidityRequest {
  readonly nowMs: number;
  /** Asked for. 0 = the default. */
  readonly requestedMs: number;
  readonly defaultMs: number;
  /** Shorter requests are raised to this. */
  readonly minMs: number;
  /** Longer requests are cut to this. */
  readonly maxMs: number;
  /** No certificate outlives its issuer. */
  readonly issuerNotAfterMs: number;
}

const backDateMsMax = 5 * 60_000;

/**
 * The validity of a new certificate. It begins up to five minutes in the past, so that peers whose clocks run behind accept it
 * (OSM does not back-date); at most a tenth of its length, so that one of seconds is not born half used up.
 */
export function chooseValidity(request: ValidityRequest): Validity {
  const asked = request.requestedMs > 0 ? request.requestedMs : request.defaultMs;
  const lengthMs = Math.min(Math.max(asked, request.minMs), request.maxMs);
  const backDateMs = Math.min(backDateMsMax, lengthMs / 10);
  return {
    notBeforeMs: Math.floor((request.nowMs - backDateMs) / 1000) * 1000,
    notAfterMs: Math.min(
      Math.ceil((request.nowMs + lengthMs) / 1000) * 1000,
      request.issuerNotAfterMs,
    ),
  };
}
