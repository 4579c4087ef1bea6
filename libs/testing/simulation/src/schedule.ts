import { downMs, changeTruth, troubleNames, troubles, type TroubleName } from './chaos.ts';
import { whatDiffers } from './convergence.ts';
import type { Violation } from './journal.ts';
import { fair } from './weather.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

/** What became of one schedule. */
export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly counts: ReadonlyMap<string, number>;
  readonly steps: number;
  /** From the end of all trouble until everything was as the truth says. */
  readonly convergedMs: number;
}

/** After the last trouble everything is right within this long. */
export const convergenceMsMax = 20_000;
const checkEveryMs = 20;

/** Runs the schedule of a seed: trouble for a while, then none, until everything is as the truth says. */
export async function runSchedule(options: WorldOptions): Promise<Outcome> {
  const world = createWorld(options);
  const { scheduler, journal, chance, processes } = world;
  const isOver = (): boolean => journal.violation() !== undefined;
  for (const process of processes) scheduler.after(chance.between(0, 100), process.start);
  const troubleMs = planTrouble(world);
  await scheduler.runUntil(troubleMs, isOver);
  heal(world);
  const healedMs = scheduler.now();
  let differs = 'not looked at';
  while (!isOver() && scheduler.now() < healedMs + convergenceMsMax) {
    await scheduler.runUntil(scheduler.now() + checkEveryMs, isOver);
    differs = whatDiffers(world);
    if (differs === '') break;
  }
  if (!isOver() && differs !== '')
    journal.violated('after the last trouble everything becomes right', differs);
  return {
    seed: options.seed,
    violation: journal.violation(),
    counts: journal.counts,
    steps: scheduler.steps(),
    convergedMs: scheduler.now() - healedMs,
  };
}

/** Draws what goes wrong and when: few kinds at a time, often close together and close to a change. */
function planTrouble(world: World): number {
  const { chance, scheduler, journal } = world;
  const startMs = chance.pick([0, 60, 400]);
  const lengthMs = chance.pick([300, 1_500, 4_000]);
  const kinds = Array.from({ length: 1 + chance.below(4) }, () => chance.pick(troubleNames));
  const act = (name: TroubleName): void => {
    world.network.calm = false;
    const text = troubles[name](world);
    journal.count(name);
    journal.note('chaos', () => `${name}: ${text}`);
  };
  const changes = 2 + chance.below(8);
  let atMs = startMs;
  for (let n = 0; n < changes; n += 1) {
    atMs = startMs + chance.between(0, lengthMs);
    scheduler.after(atMs, () => {
      const text = changeTruth(world);
      journal.note('truth', () => text);
    });
    if (chance.happens(0.5)) {
      const name = chance.maybePick(kinds) ?? 'crash';
      scheduler.after(Math.max(0, atMs + chance.between(-30, 30)), () => act(name));
    }
  }
  const acts = chance.below(8);
  for (let n = 0; n < acts; n += 1) {
    const name = chance.maybePick(kinds) ?? 'crash';
    scheduler.after(startMs + chance.between(0, lengthMs), () => act(name));
  }
  return startMs + lengthMs + 50;
}

/** No more trouble: everything runs, the network is fair, and the truth changes once more. */
function heal(world: World): void {
  const { network, processes, scheduler, chance, truth, journal } = world;
  journal.note('chaos', () => 'ends');
  network.weather = fair;
  network.heal();
  for (const process of processes) {
    if (!process.alive()) scheduler.after(downMs(chance), process.start);
    process.trap(Infinity, 'before');
  }
  const text = truth.change();
  journal.note('truth', () => text);
}
