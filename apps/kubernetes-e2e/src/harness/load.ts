import { call, type Caller } from './calls.ts';

/** What a `loadWorkload` has seen since it began, or since `restartLoad`. */
export interface Load {
  readonly sent: number;
  readonly answered: number;
  /** How often what came: statuses, refused, reset, timeout. */
  readonly words: Readonly<Record<string, number>>;
  /** How often which pod answered. */
  readonly by: Readonly<Record<string, number>>;
  /** The first that were not 200. */
  readonly bad: readonly { readonly at: number; readonly word: string }[];
}

const counts = 'http://127.0.0.1:9900/';

/** The counts of a load. */
export async function loadOf(from: Caller): Promise<Load> {
  return JSON.parse((await call(from, { url: counts })).text) as Load;
}

/** Begins to count anew. */
export async function restartLoad(from: Caller): Promise<void> {
  await call(from, { url: counts, method: 'POST' });
}
