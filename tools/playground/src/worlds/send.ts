import { err, MeshError, ok, type Result } from '@osm/prelude';
import { summarise } from './outcome.ts';
import { fillPlaceholders, type PlaceholderSource } from './placeholders.ts';
import type { Attempt, Outcome, WorldRequest } from './world-format.ts';
import type { WorldGround } from './world-ground.ts';

/** What a connection may take beyond the request's own limit, and what all of them may take together. */
const connectMs = 3000;
const sendMsMax = 10 * 60_000;
const defaultLimitSeconds = 6;

/** Sends requests in their order; neighbours with the same client go together. What cannot be sent is an outcome, too. */
export async function sendRequests(
  ground: WorldGround,
  requests: readonly WorldRequest[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const source = await ground.addresses();
  for (const batch of batchesOf(requests)) {
    const prepared = batch.map((request) => fillRequest(request, source));
    const inputs = prepared.flatMap((one) => (one.kind === 'ok' ? [one.value] : []));
    const answers = await sendBatch(ground, batch, inputs).catch((thrown: unknown) =>
      inputs.map(() => notSent(MeshError.from(thrown).message)),
    );
    const rest = answers.values();
    for (const [i, request] of batch.entries()) {
      const one = prepared[i];
      const attempts = one?.kind === 'error' ? notSent(one.error) : rest.next().value;
      outcomes.push(summarise(request, attempts ?? []));
    }
  }
  return outcomes;
}

/** A request as the test program reads it: without what was recorded, with addresses instead of placeholders. */
export function fillRequest(
  { outcome: _outcome, ...request }: WorldRequest,
  source: PlaceholderSource,
): Result<object, string> {
  try {
    const fill = (value: unknown): unknown =>
      typeof value === 'string' ? fillPlaceholders(value, source) : value;
    return ok(
      Object.fromEntries(Object.entries(request).map(([key, value]) => [key, fill(value)])),
    );
  } catch (thrown) {
    return err(MeshError.from(thrown).message);
  }
}

function notSent(reason: string): Attempt[] {
  return [{ error: `not sent: ${reason}` }];
}

/** Neighbours with the same client. */
export function batchesOf(requests: readonly WorldRequest[]): WorldRequest[][] {
  const batches: WorldRequest[][] = [];
  for (const request of requests) {
    const last = batches.at(-1);
    if (last?.[0]?.from === request.from) last.push(request);
    else batches.push([request]);
  }
  return batches;
}

async function sendBatch(
  ground: WorldGround,
  requests: readonly WorldRequest[],
  inputs: readonly object[],
): Promise<readonly Attempt[][]> {
  if (inputs.length === 0) return [];
  const [namespace = '', app = ''] = (requests[0]?.from ?? '').split('/');
  const { output, said } = await ground.send({
    namespace,
    app,
    input: JSON.stringify(inputs),
    timeoutMs: Math.min(sendMsMax, 30_000 + requests.reduce((sum, one) => sum + timeOf(one), 0)),
  });
  const answers = parseAnswers(output);
  if (answers?.length === inputs.length) return answers;
  throw new MeshError('io', said.trim().slice(-200) || 'no answer');
}

function timeOf({ limit, repeat, parallel, every }: WorldRequest): number {
  const onceMs = connectMs + (limit ?? defaultLimitSeconds) * 1000 + (every ?? 0);
  return onceMs * (parallel === true ? 1 : (repeat ?? 1));
}

function parseAnswers(text: string): Attempt[][] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(Array.isArray) ? (value as Attempt[][]) : undefined;
  } catch {
    return undefined;
  }
}
