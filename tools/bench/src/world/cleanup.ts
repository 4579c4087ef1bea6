/** Things to end, last added first. */
export interface Cleanup {
  /** Ends it at once when the cleanup has run already, and then fails, so that a start that was overtaken goes no further. */
  readonly add: (end: () => Promise<void>) => Promise<void>;
  /** Ends everything; later calls wait for the first. */
  readonly run: () => Promise<void>;
}

export function createCleanup(): Cleanup {
  const ends: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;
  const runAll = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  return {
    add: async (end) => {
      if (running === undefined) {
        ends.push(end);
        return;
      }
      await end();
      throw new Error('ended while starting');
    },
    run: () => (running ??= runAll()),
  };
}
