/** Throws when `condition` is false: a bug of ours, never a user's mistake. The process ends and is restarted. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}

/** Makes a switch over a union exhaustive: compiles only when every case was handled. */
export function assertNever(value: never): never {
  throw new Error(`invariant violated: unexpected value ${JSON.stringify(value)}`);
}
