export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const everyMs = 250;

/**
 * Asks until the answer is undefined, which means that all is well; otherwise the answer says what is missing.
 * @throws Error with the last of them when the time is over
 */
export async function until(
  what: string,
  limitMs: number,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    const last = await missing();
    if (last === undefined) return;
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}: ${last}`);
    await sleep(everyMs);
  }
}
