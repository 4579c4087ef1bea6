import { err, MeshError, ok, sortedBy, type Result } from '@osm/prelude';
import { execPlan } from '../control/control-server.ts';
import type { Playground } from '../playground.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { run } from '../process/run.ts';
import { summarise } from './outcome.ts';
import { fillPlaceholders, type PlaceholderSource } from './placeholders.ts';
import type { Attempt, Outcome, WorldRequest } from './world-format.ts';

/** What a connection may take beyond the request's own limit, and what all of them may take together. */
const connectMs = 3000;
const sendMsMax = 10 * 60_000;
const defaultLimitSeconds = 6;

/** Sends requests in their order; neighbours with the same client go together. What cannot be sent is an outcome, too. */
export async function sendRequests(
  playground: Playground,
  requests: readonly WorldRequest[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const source = placeholdersOf(playground);
  for (const batch of batchesOf(requests)) {
    const prepared = batch.map((request) => fillRequest(request, source));
    const inputs = prepared.flatMap((one) => (one.kind === 'ok' ? [one.value] : []));
    const answers = await sendBatch(playground, batch, inputs).catch((thrown: unknown) =>
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
  playground: Playground,
  requests: readonly WorldRequest[],
  inputs: readonly object[],
): Promise<readonly Attempt[][]> {
  if (inputs.length === 0) return [];
  const from = requests[0]?.from ?? '';
  const [namespace = '', app = ''] = from.split('/');
  const pod = podsOf(playground, namespace, app)[0];
  if (pod === undefined) throw new MeshError('not_found', `there is no pod ${from}`);
  const plan = execPlan(playground, pod, 'app', ['node', '/app/app.js', 'client']);
  const result = await run(plan.program, plan.args, {
    env: plan.env,
    input: JSON.stringify(inputs),
    timeoutMs: Math.min(sendMsMax, 30_000 + requests.reduce((sum, one) => sum + timeOf(one), 0)),
  });
  const answers = parseAnswers(result.stdout);
  if (answers?.length === inputs.length) return answers;
  throw new MeshError('io', result.stderr.trim().slice(-200) || `status ${result.status}`);
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

/** Pods with the label app, else those whose name begins so; sorted by name. */
function podsOf(playground: Playground, namespace: string, app: string): PodRunner[] {
  const near = playground.pods.filter(
    (pod) => pod.blueprint.namespace === namespace && !pod.isStopping,
  );
  const labelled = near.filter((pod) => pod.blueprint.labels.get('app') === app);
  const found =
    labelled.length > 0
      ? labelled
      : near.filter((pod) => `${pod.blueprint.name}-`.startsWith(`${app}-`));
  return sortedBy(found, (pod) => pod.blueprint.name);
}

/** Where placeholders take their values from. */
export function placeholdersOf(playground: Playground): PlaceholderSource {
  return {
    pods: (namespace, app) => podsOf(playground, namespace, app).map((pod) => pod.blueprint),
    serviceAddress: (namespace, name) => playground.addresses.of(`${namespace}/${name}`),
  };
}
