/** Waiting times between tries: doubled each time, from `firstMs` to at most `lastMs`; `reset` begins anew. */
export interface Backoff {
  readonly next: () => number;
  readonly reset: () => void;
}

export function createBackoff(firstMs: number, lastMs: number): Backoff {
  let waitMs = firstMs;
  return {
    next() {
      const now = waitMs;
      waitMs = Math.min(waitMs * 2, lastMs);
      return now;
    },
    reset() {
      waitMs = firstMs;
    },
  };
}

/** Resolves after a time, or at once when the signal is or gets aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
