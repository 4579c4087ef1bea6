import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import type { Playground } from '../playground.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { pause } from '../process/backoff.ts';
import { concerns, deviationsFileOf, readDeviations } from './deviations.ts';
import type { ManifestSet } from './manifest-set.ts';
import { isSame } from './outcome.ts';
import { fillPlaceholders } from './placeholders.ts';
import { placeholdersOf, sendRequests } from './send.ts';
import type { Deviation, RequestResult, World, WorldStep } from './world-format.ts';

export interface WorldOptions {
  readonly playground: Playground;
  readonly manifests: ManifestSet;
  /** How long requests that differ are sent again. */
  readonly patienceMs: number;
  /** Only these steps' requests are sent; changes of the others are made. */
  readonly only?: readonly string[];
  /** Where deviations are written down; by default beside the world's folder. */
  readonly deviationsFile?: string;
  /** Something that has to do with the world as a whole: what was not ready, what could not be applied. */
  readonly report: (line: string) => void;
}

const readySecondsMax = 180;
/** After a change: so that an outcome that holds before it, and not after it, is found out. */
const settleMs = 1000;
/** The same where requests are sent only once. */
const settleOnceMs = 3000;
const retryMs = 1000;

/** The settings that the outcomes were recorded with; a world's steps change them. */
const recordedSettings = {
  traffic: { enablePermissiveTrafficPolicyMode: false, enableEgress: false },
};

/** Runs a world: makes its pods, and its changes step by step, and compares what its requests get. Removes it at the end. */
export async function runWorld(folder: string, options: WorldOptions): Promise<RequestResult[]> {
  const directory = resolve(folder);
  const world = readWorld(directory);
  const file = options.deviationsFile ?? deviationsFileOf(directory);
  const deviations = readDeviations(file, basename(directory));
  const { early, late } = readDocuments(directory);
  const results: RequestResult[] = [];
  options.manifests.patchMeshConfig(recordedSettings);
  try {
    for (const [index, step] of world.steps.entries()) {
      if (step.meshConfig !== undefined) options.manifests.patchMeshConfig(step.meshConfig);
      if (index === 0) {
        apply(options, early);
        await awaitReady(options, world);
        apply(options, late);
      }
      await change(options, world, step);
      if (options.only !== undefined && !options.only.includes(step.name)) continue;
      results.push(...(await compareStep(options, step, deviations)));
    }
  } finally {
    options.manifests.clear();
    options.playground.reread();
    // The next world may have pods of the same names.
    await options.playground.settled(readySecondsMax * 1000);
  }
  return results;
}

/** What to run. @throws MeshError not_found, invalid_config when it is no world */
export function readWorld(directory: string): World {
  try {
    return JSON.parse(readFileSync(join(directory, 'requests.json'), 'utf8')) as World;
  } catch (cause) {
    throw new MeshError(
      'invalid_config',
      `${directory} is not a world: requests.json: ${MeshError.from(cause).message}`,
      { cause },
    );
  }
}

/** The manifests: those that can be applied at once, and those that need addresses of the pods. */
function readDocuments(directory: string): { readonly early: string; readonly late: string } {
  const documents = readFileSync(join(directory, 'world.yaml'), 'utf8').split(/^---\s*$/m);
  const needsPods = (document: string): boolean => document.includes('{{');
  return {
    early: documents.filter((document) => !needsPods(document)).join('\n---\n'),
    late: documents.filter(needsPods).join('\n---\n'),
  };
}

async function change(options: WorldOptions, world: World, step: WorldStep): Promise<void> {
  if (step.apply !== undefined) apply(options, step.apply);
  if (step.delete !== undefined) options.manifests.delete(step.delete);
  for (const deployment of step.restart ?? []) {
    const [namespace = '', name = ''] = deployment.split('/');
    attempt(options, () => options.manifests.restart(namespace, name, step.name));
  }
  await awaitReady(options, world);
  await pause(step.once === true ? settleOnceMs : settleMs);
}

function apply(options: WorldOptions, text: string): void {
  attempt(options, () => {
    const filled = fillPlaceholders(text, placeholdersOf(options.playground));
    for (const problem of options.manifests.apply(filled))
      options.report(`  not applied: ${problem}`);
  });
}

/** A change that cannot be made shows in the outcomes; the rest of the world is worth running. */
function attempt({ report }: WorldOptions, make: () => void): void {
  try {
    make();
  } catch (thrown) {
    report(`  not applied: ${MeshError.from(thrown).message}`);
  }
}

async function awaitReady({ playground, report }: WorldOptions, world: World): Promise<void> {
  playground.reread();
  const neverReady = new Set(world.neverReady);
  const isIgnored = ({ blueprint }: PodRunner): boolean =>
    neverReady.has(blueprint.owner) || neverReady.has(blueprint.labels.get('app') ?? '');
  const timeoutMs = (world.readyLimit ?? readySecondsMax) * 1000;
  if (await playground.settled(timeoutMs, isIgnored)) return;
  const waiting = playground.pods
    .filter((pod) => !pod.ready && !isIgnored(pod))
    .map((pod) => `${pod.title}: ${pod.view().reason}`);
  report(`  not ready: ${waiting.join('; ')}`);
}

async function compareStep(
  options: WorldOptions,
  step: WorldStep,
  deviations: readonly Deviation[],
): Promise<RequestResult[]> {
  const deadline = performance.now() + (step.once === true ? 0 : options.patienceMs);
  const got = await sendRequests(options.playground, step.requests);
  for (;;) {
    const results = step.requests.map((request, i): RequestResult => {
      const deviation = deviations.find((one) => concerns(one, step.name, request));
      const recorded = request.outcome ?? {};
      const wanted = deviation?.outcome ?? recorded;
      const outcome = got[i] ?? {};
      return {
        step: step.name,
        request,
        wanted,
        why: deviation?.why,
        got: outcome,
        isSame: isSame(request, wanted, outcome),
        isAsRecorded: isSame(request, recorded, outcome),
      };
    });
    const differing = results.flatMap((result, i) => (result.isSame ? [] : [i]));
    if (differing.length === 0 || performance.now() > deadline) return results;
    await pause(retryMs);
    const again = await sendRequests(
      options.playground,
      differing.flatMap((i) => step.requests[i] ?? []),
    );
    for (const [n, i] of differing.entries()) got[i] = again[n] ?? {};
  }
}
