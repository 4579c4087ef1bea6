import {
  flipWeights,
  plainServices,
  plainSplits,
  switchEndpoint,
  switchTarget,
  type Change,
} from './mesh/changes.ts';
import { describeMachine } from './machine.ts';
import type { MeshPlan, MeshShape } from './mesh/plan.ts';
import type { Options } from './options.ts';
import type { BenchContext } from './program.ts';
import type { BenchResult, ChangeName } from './result.ts';
import { measureChanges, type ChangeResult } from './scenarios/change-scenario.ts';
import { measureColdStart } from './scenarios/cold-start.ts';
import { measureEverybody } from './scenarios/everybody.ts';
import { measureMemory, readMemory, type MemoryResult } from './scenarios/memory.ts';
import { measureSustained } from './scenarios/sustained.ts';
import { startWorld, type World } from './world/world.ts';

/** A mesh of this part of the size is the other point of the line "memory per proxy". */
const smallPart = 5;

/** Measures everything that was asked for, one world after another. */
export async function runBench(options: Options, context: BenchContext): Promise<BenchResult> {
  const { services, replicas, callers, mode, seed, scenarios } = options;
  const shape: MeshShape = { services, replicas, callers, mode, seed };
  const base = { machine: describeMachine(), mesh: { services, replicas, callers, mode, seed } };
  const main = await inWorld(shape, options, context, (world) =>
    measureMain(world, options, context),
  );
  const result: BenchResult = { ...base, ...main };
  const small = scenarios.has('memory')
    ? await inWorld(
        { ...shape, services: Math.max(8, Math.floor(services / smallPart)) },
        options,
        context,
        async (world): Promise<MemoryResult> => {
          await measureColdStart(world);
          context.note(`idle for ${options.idleSeconds} s (mesh of a fifth)`);
          return measureMemory(world, options.idleSeconds);
        },
      )
    : undefined;
  const permissive =
    scenarios.has('permissive') && mode === 'smi'
      ? await inWorld({ ...shape, mode: 'permissive' }, options, context, async (world) => {
          const coldStart = await measureColdStart(world);
          context.note(`idle for ${options.idleSeconds} s (permissive)`);
          return { coldStart, memory: await measureMemory(world, options.idleSeconds) };
        })
      : undefined;
  return {
    ...result,
    ...(small === undefined ? {} : { smallMemory: small }),
    ...(permissive === undefined ? {} : { permissive }),
  };
}

function inWorld<T>(
  shape: MeshShape,
  options: Options,
  context: BenchContext,
  measure: (world: World) => Promise<T>,
): Promise<T> {
  const { note, withCleanup } = context;
  const { bundles, profile } = options;
  note(`${shape.services} services, ${shape.mode}: starting`);
  return withCleanup(async (cleanup) => {
    const world = await startWorld({ shape, bundles, profileDirectory: profile, note, cleanup });
    return measure(world);
  });
}

async function measureMain(
  world: World,
  options: Options,
  context: BenchContext,
): Promise<Omit<BenchResult, 'machine' | 'mesh'>> {
  const { scenarios } = options;
  const coldStart = await measureColdStart(world);
  context.note(
    `all ${coldStart.proxies} complete after ${Math.round(coldStart.completeMs.max)} ms`,
  );
  let idle: MemoryResult | undefined;
  if (scenarios.has('memory')) {
    context.note(`idle for ${options.idleSeconds} s`);
    idle = await measureMemory(world, options.idleSeconds);
  }
  const changes: Partial<Record<ChangeName, ChangeResult>> = {};
  for (const [name, list] of changesOf(world.plan, options.repetitions)) {
    // What undoes another kind (an endpoint that comes back) happens with it, so that the mesh ends as it began.
    if (!scenarios.has(name) && !scenarios.has(counterparts[name] ?? name)) continue;
    if (list.length === 0) continue;
    const measured = await measureChanges(world, list);
    const { p50, p99 } = measured.latencyMs;
    context.note(`${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    if (scenarios.has(name)) changes[name] = measured;
  }
  const everybody = scenarios.has('everybody')
    ? await measureEverybody(world, Math.ceil(options.repetitions / 2))
    : undefined;
  if (scenarios.has('sustained')) context.note(`changes for ${options.durationSeconds} s`);
  const sustained = scenarios.has('sustained')
    ? await measureSustained(world, {
        seconds: options.durationSeconds,
        perSecond: options.changesPerSecond,
      })
    : undefined;
  return {
    coldStart,
    changes,
    ...(everybody === undefined ? {} : { everybody }),
    ...(sustained === undefined ? {} : { sustained }),
    ...(idle === undefined ? {} : { memory: { idle, end: await readMemory(world) } }),
  };
}

const counterparts: Readonly<Partial<Record<ChangeName, ChangeName>>> = {
  'endpoint-removed': 'endpoint-added',
  'endpoint-added': 'endpoint-removed',
  'target-removed': 'target-added',
  'target-added': 'target-removed',
};

function changesOf(
  plan: MeshPlan,
  repetitions: number,
): readonly (readonly [ChangeName, readonly Change[]])[] {
  const splits = plainSplits(plan);
  const services = plainServices(plan).slice(0, repetitions);
  const flips = Array.from({ length: repetitions }, (_, index): Change[] => {
    const split = splits[index % splits.length];
    return split === undefined ? [] : [flipWeights(plan, split, index + 1)];
  });
  const switched = (change: typeof switchEndpoint, present: boolean): Change[] =>
    services.map((service) => change(plan, service, present));
  const endpoints = plan.mode === 'smi' || services.length > 0;
  return [
    ['weight-flip', flips.flat()],
    ['endpoint-removed', endpoints ? switched(switchEndpoint, false) : []],
    ['endpoint-added', endpoints ? switched(switchEndpoint, true) : []],
    ['target-removed', plan.mode === 'smi' ? switched(switchTarget, false) : []],
    ['target-added', plan.mode === 'smi' ? switched(switchTarget, true) : []],
  ];
}
