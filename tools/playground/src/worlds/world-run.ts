import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MeshError, sortedBy } from '@osm/prelude';
import { execPlan } from '../control/control-server.ts';
import type { Playground } from '../playground.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { pause } from '../process/backoff.ts';
import { run } from '../process/run.ts';
import type { ManifestSet } from './manifest-set.ts';
import { isSame, summarise } from './outcome.ts';
import { fillPlaceholders, type PlaceholderSource } from './placeholders.ts';
import type {
  Attempt,
  Deviation,
  Outcome,
  RequestResult,
  World,
  WorldRequest,
  WorldStep,
} from './world-format.ts';

export interface WorldOptions {
  readonly playground: Playground;
  readonly manifests: ManifestSet;
  /** How long requests that differ are sent again. */
  readonly patienceMs: number;
  /** Only these steps' requests are sent; changes of the others are made. */
  readonly only?: readonly string[];
  readonly report: (line: string) => void;
}

const readyMsMax = 60_000;
/** After a change: so that an outcome that holds before it, and not after it, is found out. */
const settleMs = 500;
const retryMs = 1000;

/** Runs a world: makes its pods, and its changes step by step, and compares what its requests get. Removes it at the end. */
export async function runWorld(directory: string, options: WorldOptions): Promise<RequestResult[]> {
  const world = JSON.parse(readFileSync(join(directory, 'requests.json'), 'utf8')) as World;
  const deviations = readDeviations(directory, world);
  const { manifests, playground } = options;
  const documents = readFileSync(join(directory, 'world.yaml'), 'utf8').split(/^---\s*$/m);
  const late = documents.filter((document) => document.includes('{{'));
  const results: RequestResult[] = [];
  let isFirst = true;
  try {
    for (const step of world.steps) {
      if (step.meshConfig !== undefined) manifests.patchMeshConfig(step.meshConfig);
      if (isFirst) {
        manifests.apply(documents.filter((document) => !late.includes(document)).join('\n---\n'));
        await awaitReady(options, world);
        manifests.apply(fillPlaceholders(late.join('\n---\n'), sourceOf(playground)));
        isFirst = false;
      }
      await change(options, world, step);
      if (options.only !== undefined && !options.only.includes(step.name)) continue;
      results.push(...(await compareStep(options, step, deviations)));
    }
  } finally {
    manifests.clear();
  }
  return results;
}

async function change(
  { manifests, playground, ...options }: WorldOptions,
  world: World,
  step: WorldStep,
): Promise<void> {
  if (step.apply !== undefined) manifests.apply(fillPlaceholders(step.apply, sourceOf(playground)));
  if (step.delete !== undefined) manifests.delete(step.delete);
  for (const deployment of step.restart ?? []) {
    const [namespace = '', name = ''] = deployment.split('/');
    manifests.restart(namespace, name, step.name);
  }
  await awaitReady({ manifests, playground, ...options }, world);
  await pause(settleMs);
}

async function awaitReady({ playground, report }: WorldOptions, world: World): Promise<void> {
  playground.reread();
  const ignored = new Set(world.neverReady);
  if (await playground.settled(readyMsMax, (pod) => ignored.has(pod.blueprint.owner))) return;
  const waiting = playground.pods
    .filter((pod) => !pod.ready)
    .map((pod) => `${pod.title}: ${pod.view().reason}`);
  report(`  not ready: ${waiting.join('; ')}`);
}

async function compareStep(
  options: WorldOptions,
  step: WorldStep,
  deviations: readonly Deviation[],
): Promise<RequestResult[]> {
  const deadline = performance.now() + (step.once === true ? 0 : options.patienceMs);
  const asked = step.requests.map((request) => {
    const deviation = deviations.find((candidate) => concerns(candidate, step.name, request));
    return { request, wanted: deviation?.outcome ?? request.outcome, why: deviation?.why };
  });
  const got = await send(options.playground, step.requests);
  for (;;) {
    const results = asked.map(({ request, wanted, why }, i): RequestResult => {
      const outcome = got[i] ?? {};
      return {
        step: step.name,
        request,
        wanted,
        why,
        got: outcome,
        isSame: isSame(request, wanted, outcome),
      };
    });
    const differing = results.flatMap((result, i) => (result.isSame ? [] : [i]));
    if (differing.length === 0 || performance.now() > deadline) return results;
    await pause(retryMs);
    const again = await send(
      options.playground,
      differing.flatMap((i) => step.requests[i] ?? []),
    );
    for (const [n, i] of differing.entries()) got[i] = again[n] ?? {};
  }
}

/** Sends requests in their order; neighbours with the same client go together. */
async function send(playground: Playground, requests: readonly WorldRequest[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < requests.length;) {
    const from = requests[start]?.from ?? '';
    let end = start + 1;
    while (end < requests.length && requests[end]?.from === from) end++;
    const batch = requests.slice(start, end);
    const answers = await sendFrom(playground, from, batch);
    outcomes.push(...batch.map((request, i) => summarise(request, answers[i] ?? [])));
    start = end;
  }
  return outcomes;
}

async function sendFrom(
  playground: Playground,
  from: string,
  requests: readonly WorldRequest[],
): Promise<Attempt[][]> {
  const [namespace = '', app = ''] = from.split('/');
  const input = requests.map(({ outcome: _outcome, ...request }) =>
    Object.fromEntries(
      Object.entries(request).map(([key, value]) => [
        key,
        typeof value === 'string' ? fillPlaceholders(value, sourceOf(playground)) : value,
      ]),
    ),
  );
  const failed = (reason: string): Attempt[][] =>
    requests.map(() => [{ error: `exec: ${reason}` }]);
  const pod = podsOf(playground, namespace, app)[0];
  if (pod === undefined) return failed(`no pod ${from}`);
  const plan = execPlan(playground, pod, 'app', ['node', '/app/app.js', 'client']);
  const result = await run(plan.program, plan.args, {
    env: plan.env,
    input: JSON.stringify(input),
  });
  try {
    return JSON.parse(result.stdout) as Attempt[][];
  } catch {
    return failed(result.stderr.trim().slice(-200));
  }
}

/** Pods with the label app, else those whose name begins so. */
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

function sourceOf(playground: Playground): PlaceholderSource {
  return {
    pods: (namespace, app) => podsOf(playground, namespace, app).map((pod) => pod.blueprint),
    serviceAddress: (namespace, name) => playground.addresses.of(`${namespace}/${name}`),
  };
}

function readDeviations(directory: string, world: World): Deviation[] {
  const path = join(directory, 'deviations.json');
  if (!existsSync(path)) return [];
  const deviations = JSON.parse(readFileSync(path, 'utf8')) as Deviation[];
  for (const deviation of deviations) {
    const isUsed = world.steps.some((step) =>
      step.requests.some((request) => concerns(deviation, step.name, request)),
    );
    if (!isUsed)
      throw new MeshError(
        'invalid_config',
        `${basename(directory)}/deviations.json: no request is "${deviation.step}: ${deviation.from} ${deviation.request}"`,
      );
  }
  return deviations;
}

function concerns(deviation: Deviation, step: string, request: WorldRequest): boolean {
  return (
    deviation.step === step &&
    deviation.from === request.from &&
    deviation.request === (request.http ?? request.tcp) &&
    deviation.send === request.send &&
    JSON.stringify(deviation.headers ?? {}) === JSON.stringify(request.headers ?? {})
  );
}
