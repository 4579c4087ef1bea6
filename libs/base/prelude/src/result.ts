/** Success with a value or failure with a reason, for code where failing is normal (parsers). */
export type Result<T, E> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'error'; readonly error: E };

/** It went well. */
export function ok<T>(value: T): { readonly kind: 'ok'; readonly value: T } {
  return { kind: 'ok', value };
}

/** It did not. */
export function err<E>(error: E): { readonly kind: 'error'; readonly error: E } {
  return { kind: 'error', error };
}
