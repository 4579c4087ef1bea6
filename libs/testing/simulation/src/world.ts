import type { Bus } from '@osm/bus';
import type { Link } from '@osm/bus/testing';
import { createFront, type Front } from './front.ts';
import { createJournal, type Journal } from './journal.ts';
import { createNetwork, type Network } from './network.ts';
import { createProcess, type Life, type Process } from './process.ts';
import { createProxy, type Proxy } from './proxy.ts';
import { createChance, type Chance } from './random.ts';
import { watchReferences } from './references.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { services, type ServiceName } from './services.ts';
import { createTruth, workloadCount, type Truth } from './truth.ts';
import { createWatched, watchBus, type Served, type Watched } from './watching.ts';
import { drawWeather, fair } from './weather.ts';

/** A part of the product that is spoilt on purpose, to see that the laws notice. */
export interface Mutant {
  readonly name: string;
  readonly bus?: (bus: Bus, life: Life) => Bus;
  readonly link?: (link: Link, life: Life) => Link;
}

/** Everything of one schedule. */
export interface World {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly network: Network;
  readonly truth: Truth;
  readonly front: Front;
  readonly processes: readonly Process[];
  readonly proxies: readonly Proxy[];
  /** The present life of a process, as seen from its bus. */
  readonly watched: ReadonlyMap<string, Watched>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly mutant?: Mutant | undefined;
  readonly say?: ((line: string) => void) | undefined;
}

const replicas: readonly (readonly [ServiceName, number])[] = [
  ['catalog-watcher', 2],
  ['policy-compiler', 2],
  ['certificate-manager', 2],
  ['xds-server', 2],
];

/** Creates the world of a seed; nothing runs yet. */
export function createWorld({ seed, mutant, say }: WorldOptions): World {
  const chance = createChance(seed);
  const scheduler = createScheduler();
  const journal = createJournal(scheduler, say);
  const weather = chance.happens(0.15) ? fair : drawWeather(chance);
  const network = createNetwork({ chance, scheduler, journal, weather });
  const truth = createTruth(chance);
  const front = createFront();
  const references = watchReferences(network, journal);
  const leaders = new Map<string, string>();
  const watched = new Map<string, Watched>();
  const servedBy = (server: string, pod: number): Served | undefined =>
    watched.get(server)?.served(pod);

  const wrapBus = (bus: Bus, life: Life): Bus => {
    const mine = createWatched(life, truth);
    watched.set(life.process, mine);
    const spoilt = mutant?.bus?.(bus, life) ?? bus;
    const rival = (): string | undefined =>
      [...watched.values()].find(
        (other) =>
          other !== mine &&
          other.leading &&
          other.life.service === life.service &&
          processes.some((each) => each.name === other.life.process && each.acting()),
      )?.life.instance;
    const leasesLost = (): boolean => network.leasesLost;
    return watchBus(spoilt, {
      journal,
      watched: mine,
      rival,
      leasesLost,
      leaders,
      rolledBack: network.rolledBack,
    });
  };
  const processes: readonly Process[] = replicas.flatMap(([service, count]) =>
    Array.from({ length: count }, (_, at) => {
      const name = `${service}-${at}`;
      return createProcess({
        name,
        service,
        network,
        wrapBus,
        wrapLink: (link, life) => mutant?.link?.(link, life) ?? link,
        run: (surroundings) => services[service]({ ...surroundings, truth, front, network }),
        onEnd: ({ process }) => {
          const led = service === 'policy-compiler' && watched.get(process)?.leading === true;
          if (led && references.unassigned())
            journal.count('crash between a bundle and its assignment');
          front.close(process);
          watched.delete(process);
        },
      });
    }),
  );
  const proxies = Array.from({ length: workloadCount }, (_, at) =>
    createProxy({ at, truth, front, scheduler, chance, journal, servedBy }),
  );
  return { chance, scheduler, journal, network, truth, front, processes, proxies, watched };
}
