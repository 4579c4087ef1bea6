/** Whether to say something now, for lines that somebody else can cause in any number. */
export interface LogThrottle {
  /** Undefined: said a moment ago. Else how many of this key were not said since. */
  readonly admit: (key: string) => { readonly unsaid: number } | undefined;
}

const keysMax = 1_000;

/** Lets one line per key and period through; counts the others. `now` in milliseconds. */
export function createLogThrottle(periodMs: number, now: () => number): LogThrottle {
  const said = new Map<string, { readonly atMs: number; unsaid: number }>();
  return {
    admit: (key) => {
      const nowMs = now();
      const last = said.get(key);
      if (last !== undefined && nowMs - last.atMs < periodMs) {
        last.unsaid += 1;
        return undefined;
      }
      if (last === undefined && said.size >= keysMax) said.clear();
      said.set(key, { atMs: nowMs, unsaid: 0 });
      return { unsaid: last?.unsaid ?? 0 };
    },
  };
}
