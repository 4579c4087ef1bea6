import { boundaries, type Process } from './process.ts';
import type { Chance } from './random.ts';
import type { World } from './world.ts';

/** A kind of trouble; says what it did. */
type Trouble = (world: World) => string;

const buckets = ['catalog', 'compiled', 'workloads', 'trust', 'diagnostics', 'leases'] as const;

/** Everything that can go wrong, by name: the names are the coverage that a run must reach. */
export const troubles = {
  crash: (world) => {
    const process = anyProcess(world);
    process.crash(world.chance.happens(0.25));
    startLater(world, process);
    return process.name;
  },
  'crash at a boundary': (world) => {
    const { chance } = world;
    const process = anyProcess(world);
    const boundary = chance.pick(boundaries);
    const requests = chance.below(chance.pick([3, 12]));
    process.trap(requests, boundary);
    return `${process.name}: ${boundary}, after ${requests} requests`;
  },
  'orderly end': (world) => {
    const process = anyProcess(world);
    process.stop();
    startLater(world, process);
    return process.name;
  },
  freeze: (world) => {
    const process = anyProcess(world);
    process.freeze(world.chance.between(20, world.chance.pick([300, 3_000])));
    return process.name;
  },
  'connection cut': (world) => {
    const process = anyProcess(world);
    process.cut(world.chance.between(5, world.chance.pick([200, 2_500])), 0);
    return process.name;
  },
  'connection dead': (world) => {
    const { chance } = world;
    const process = anyProcess(world);
    process.cut(chance.between(5, 500), chance.between(100, chance.pick([800, 4_000])));
    return process.name;
  },
  'server restart': (world) => restart(world, () => ''),
  'server wiped': (world) =>
    restart(world, ({ network }) => {
      damage(world, 'leases');
      for (const bucket of network.nats.buckets()) network.nats.remove(bucket);
      return 'all';
    }),
  'server loses its last writes': (world) =>
    restart(world, ({ network, chance }) => {
      const bucket = chance.pick(buckets);
      const messages = 1 + chance.below(8);
      damage(world, bucket);
      network.rolledBack.add(bucket);
      network.nats.truncate(bucket, messages);
      return `${messages} of ${bucket}`;
    }),
  'server restored': (world) => {
    const { network, chance, scheduler, journal } = world;
    const chosen = buckets.filter(() => chance.happens(0.5));
    const restores = chosen.map((bucket) => network.nats.snapshot(bucket));
    scheduler.after(chance.between(5, 2_000), () => {
      const text = restart(world, () => {
        for (const bucket of chosen) {
          damage(world, bucket);
          network.rolledBack.add(bucket);
        }
        for (const restore of restores) restore();
        return `as it was: ${chosen.join()}`;
      });
      journal.note('chaos', () => text);
    });
    return `remembered: ${chosen.join()}`;
  },
  'bucket deleted': (world) => {
    const bucket = world.chance.pick(buckets);
    damage(world, bucket);
    world.network.nats.remove(bucket);
    return bucket;
  },
  'foreign write': (world) => {
    const { network, chance } = world;
    const bucket = chance.pick(['catalog', 'compiled', 'workloads', 'trust']);
    const keys = [...(network.nats.contents(bucket)?.keys() ?? [])];
    const key = chance.maybePick(keys);
    if (key === undefined) return 'nothing to write to';
    network.damaged = true;
    world.journal.forged = true;
    network.nats.put({ bucket, key, bytes: undefined, expect: { kind: 'none' } });
    return `${bucket}/${key} deleted`;
  },
  'stream without leader': (world) => {
    const { network, chance } = world;
    const bucket = chance.pick(buckets);
    const awayMs = chance.between(50, 2_500);
    network.loseLeader(bucket, awayMs);
    return `${bucket} for ${awayMs.toFixed(0)} ms`;
  },
  'proxy reconnects': ({ proxies, chance }) => {
    const at = chance.below(proxies.length);
    proxies[at]?.cut();
    return `proxy-${at}`;
  },
  'truth changes': (world) => changeTruth(world),
} as const satisfies Readonly<Record<string, Trouble>>;

export type TroubleName = keyof typeof troubles;
export const troubleNames = Object.keys(troubles) as [TroubleName, ...TroubleName[]];

/** Changes the truth once or a few times in a moment. */
export function changeTruth({ truth, chance, scheduler, journal }: World): string {
  const more = chance.happens(0.3) ? 1 + chance.below(4) : 0;
  for (let n = 0; n < more; n += 1) {
    scheduler.after(chance.between(0, 20), () => {
      const text = truth.change();
      journal.note('truth', () => text);
    });
  }
  return truth.change();
}

function damage({ network }: World, bucket: string): void {
  network.damaged = true;
  network.leasesLost ||= bucket === 'leases';
}

function anyProcess({ processes, chance }: World): Process {
  const [first, ...others] = processes.filter((process) => process.alive());
  const [fallback] = processes;
  if (first === undefined) {
    if (fallback === undefined) throw new Error('a world has processes');
    return fallback;
  }
  return chance.pick([first, ...others]);
}

function startLater({ scheduler, chance }: World, process: Process): void {
  scheduler.after(downMs(chance), process.start);
}

/** A supervisor that is quick, or one that backs off. */
export function downMs(chance: Chance): number {
  return chance.between(5, chance.pick([50, 500, 3_000]));
}

function restart(world: World, meanwhile: (world: World) => string): string {
  const { network, chance } = world;
  const awayMs = chance.between(10, chance.pick([300, 2_500]));
  let what = '';
  network.restart(awayMs, () => {
    what = meanwhile(world);
  });
  return `away for ${awayMs.toFixed(0)} ms ${what}`;
}
