import { call, type Caller } from './calls.ts';
import { until } from './waiting.ts';

/** What a `loadWorkload` has seen since it began, or since `restartLoad`. */
export interface Load {
  readonly sent: number;
  readonly answered: number;
  /** How often what came: statuses, refused, reset, timeout. */
  readonly words: Readonly<Record<string, number>>;
  /** How often which pod answered. */
  readonly by: Readonly<Record<string, number>>;
  /** When the last request that a pod answered was sent, in ms. */
  readonly last: Readonly<Record<string, number>>;
  /** The same as `words`, by the second of sending. */
  readonly seconds: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The first that were not 200. */
  readonly bad: readonly { readonly at: number; readonly word: string; readonly text?: string }[];
}

const counts = 'http://127.0.0.1:9900/';

/** The counts of a load. */
export async function loadOf(from: Caller): Promise<Load> {
  return readLoad(await call(from, { url: counts }));
}

/** Begins to count anew. */
export async function restartLoad(from: Caller): Promise<void> {
  await call(from, { url: counts, method: 'POST' });
}

/** Sends no more, and waits for the answers that are still to come: whoever got none is a `timeout` then. */
export async function endLoad(from: Caller): Promise<Load> {
  let load = readLoad(await call(from, { url: `${counts}stop`, method: 'POST' }));
  await until('all requests of the load have ended', 15_000, async () => {
    load = await loadOf(from);
    return load.answered === load.sent ? undefined : `${load.answered} of ${load.sent}`;
  });
  return load;
}

/** What was lost, told so that the reason can be found; undefined when all got their 200. */
export function lostOf({ words, bad, sent }: Load): string | undefined {
  if (words['200'] === sent) return undefined;
  const first = bad.slice(0, 5).map(({ at, word, text = '' }) => {
    return `${new Date(at).toISOString()} ${word} ${text.trim()}`;
  });
  return [JSON.stringify(words), ...first].join('\n');
}

function readLoad({ text }: { readonly text: string }): Load {
  return JSON.parse(text) as Load;
}
