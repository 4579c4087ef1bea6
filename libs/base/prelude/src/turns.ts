/** A limit on work at the same time, with a bounded line of those who wait. */
export interface Turns {
  /** Resolves with true when it is one's turn, and with false at once when the line is full. */
  readonly take: () => Promise<boolean>;
  /** Ends a turn. */
  readonly give: () => void;
}

/** Turns for so many at once; so many more may wait. */
export function createTurns(runningMax: number, waitingMax: number): Turns {
  let running = 0;
  const waiting: ((turn: boolean) => void)[] = [];
  return {
    take: () => {
      if (running < runningMax) {
        running += 1;
        return Promise.resolve(true);
      }
      if (waiting.length >= waitingMax) return Promise.resolve(false);
      return new Promise((resolve) => waiting.push(resolve));
    },
    give: () => {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(true);
    },
  };
}
