/** One condition of readiness, for example "connected to the bus". Starts not ready. */
export interface Gate {
  readonly ready: () => void;
  readonly notReady: (reason: string) => void;
}

/** Ready when all gates are. A service says why it is not. */
export interface Readiness {
  readonly gate: (name: string) => Gate;
  /** Reasons by gate name; empty = ready. */
  readonly missing: () => ReadonlyMap<string, string>;
  readonly onChange: (listener: (ready: boolean) => void) => void;
}

/** Ready as long as it has no gate. */
export function createReadiness(): Readiness {
  const missing = new Map<string, string>();
  const listeners: ((ready: boolean) => void)[] = [];
  const change = (edit: () => void): void => {
    const before = missing.size === 0;
    edit();
    const after = missing.size === 0;
    if (before !== after) for (const listener of listeners) listener(after);
  };
  return {
    gate: (name) => {
      change(() => missing.set(name, 'starting'));
      return {
        ready: () => change(() => missing.delete(name)),
        notReady: (reason) => change(() => missing.set(name, reason)),
      };
    },
    missing: () => missing,
    onChange: (listener) => listeners.push(listener),
  };
}
