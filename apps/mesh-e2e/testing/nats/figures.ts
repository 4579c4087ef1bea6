const figures = new Map<string, number>();

/** Keeps what was measured, so that a run of the tests shows it. */
export function measured(what: string, ms: number): number {
  figures.set(what, ms);
  return ms;
}

/** Writes everything that was measured, a line each. */
export function printFigures(): void {
  for (const [what, ms] of figures) process.stdout.write(`measured: ${what}: ${ms} ms\n`);
  figures.clear();
}
