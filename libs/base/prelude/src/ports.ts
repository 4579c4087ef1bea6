/** Time as an argument, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Calls `run` once after `delayMs`; the returned function cancels. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** Chance as an argument, so that a seed repeats a run. */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
}
