import { followResource, resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError, pause, type Clock } from '@osm/prelude';
import { diagnose, ownPods } from './diagnosis.ts';
import { describePodState, stateOfPod } from './pod-state.ts';
import type { Terminal } from './terminal.ts';

/** So long nobody is left without a word. */
const silenceMs = 15_000;
/** Whole reasons are for the end, when it failed. */
const lettersMax = 160;

interface ProgressOptions {
  readonly namespace: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/**
 * Tells what becomes of the pods of a control plane while `work` goes on: a line for each change that a person can see, and when nothing
 * has changed for a while, what it is waiting for.
 */
export async function withProgress<T>(
  server: ApiServer,
  options: ProgressOptions,
  work: () => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const told = new Map<string, string>();
  const telling = Promise.all([
    tellChanges(server, options, { told, signal: end.signal }),
    tellCauses(server, options, { told, signal: end.signal }),
  ]);
  try {
    return await work();
  } finally {
    end.abort();
    await telling;
  }
}

interface Telling {
  /** What was said last, by object. */
  readonly told: Map<string, string>;
  readonly signal: AbortSignal;
}

async function tellChanges(
  server: ApiServer,
  { namespace, terminal, clock }: ProgressOptions,
  { told, signal }: Telling,
): Promise<void> {
  const random = { next: Math.random };
  const selection = { namespace, labelSelector: ownPods };
  const follower = followResource(server, resourceTypes.pod, {
    ...selection,
    signal,
    clock,
    random,
  });
  for await (const { events } of follower.batches()) {
    for (const event of events) {
      if (event.kind === 'delete') continue;
      const { name, deletionTimestamp } = event.object.metadata;
      if (deletionTimestamp !== undefined) continue;
      const state = describePodState(stateOfPod(event.object));
      if (told.get(name) !== state) terminal.note(`  ${name}: ${state}`.slice(0, lettersMax));
      told.set(name, state);
    }
  }
}

async function tellCauses(
  server: ApiServer,
  { namespace, terminal, clock }: ProgressOptions,
  { told, signal }: Telling,
): Promise<void> {
  const said = new Set<string>();
  const sinceMs = clock.now();
  let before = '';
  for (;;) {
    await pause(clock, silenceMs, signal);
    if (signal.aborted) return;
    const now = JSON.stringify([...told]);
    const silent = now === before;
    before = now;
    if (!silent) continue;
    const causes = await diagnose(server, { namespace, sinceMs }).catch((thrown: unknown) => [
      MeshError.from(thrown).message,
    ]);
    for (const cause of causes) {
      const text = said.has(cause) ? `  still waiting: ${cause}` : `  ${cause}`;
      terminal.note(text.slice(0, lettersMax));
      said.add(cause);
    }
    if (causes.length === 0) terminal.note('  still waiting for helm');
  }
}
