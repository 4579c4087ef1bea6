import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { pause } from '../process/backoff.ts';
import { concerns, deviationsFileOf, readDeviations } from './deviations.ts';
import { isSame } from './outcome.ts';
import { fillPlaceholders } from './placeholders.ts';
import { sendRequests } from './send.ts';
import type { Deviation, RequestResult, World, WorldStep } from './world-format.ts';
import type { WorldGround } from './world-ground.ts';

export interface WorldOptions {
  /** Where it runs: a playground, a cluster. */
  readonly ground: WorldGround;
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
  const { ground } = options;
  await ground.changeSettings(recordedSettings);
  try {
    for (const [index, step] of world.steps.entries()) {
      if (step.meshConfig !== undefined) await ground.changeSettings(step.meshConfig);
      if (index === 0) {
        await apply(options, early);
        await awaitReady(options, world);
        await apply(options, late);
      }
      await change(options, world, step);
      if (options.only !== undefined && !options.only.includes(step.name)) continue;
      results.push(...(await compareStep(options, step, deviations)));
    }
  } finally {
    await ground.clear(readySecondsMax * 1000);
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
  const { ground } = options;
  if (step.apply !== undefined) await apply(options, step.apply);
  if (step.delete !== undefined) await ground.delete(step.delete);
  for (const deployment of step.restart ?? []) {
    const [namespace = '', name = ''] = deployment.split('/');
    await attempt(options, () => ground.restart(namespace, name, step.name));
  }
  await awaitReady(options, world);
  await pause(step.once === true ? settleOnceMs : settleMs);
}

async function apply(options: WorldOptions, text: string): Promise<void> {
  if (text.trim() === '') return;
  const { ground, report } = options;
  await attempt(options, async () => {
    const filled = fillPlaceholders(text, await ground.addresses());
    for (const problem of await ground.apply(filled)) report(`  not applied: ${problem}`);
  });
}

/** A change that cannot be made shows in the outcomes; the rest of the world is worth running. */
async function attempt({ report }: WorldOptions, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (thrown) {
    report(`  not applied: ${MeshError.from(thrown).message}`);
  }
}

async function awaitReady({ ground, report }: WorldOptions, world: World): Promise<void> {
  const timeoutMs = (world.readyLimit ?? readySecondsMax) * 1000;
  const waiting = await ground.awaitReady(new Set(world.neverReady), timeoutMs);
  if (waiting.length > 0) report(`  not ready: ${waiting.join('; ')}`);
}

async function compareStep(
  options: WorldOptions,
  step: WorldStep,
  deviations: readonly Deviation[],
): Promise<RequestResult[]> {
  const deadline = performance.now() + (step.once === true ? 0 : options.patienceMs);
  const got = await sendRequests(options.ground, step.requests);
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
      options.ground,
      differing.flatMap((i) => step.requests[i] ?? []),
    );
    for (const [n, i] of differing.entries()) got[i] = again[n] ?? {};
  }
}
