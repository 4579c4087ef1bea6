import type { Bucket, Bus, LeaseEvent, TableEvent, Watch } from '@osm/bus';
import type { Bundle, CatalogObject, ProxyAssignment } from '@osm/proto-mesh';
import type { CatalogValue } from '@osm/model';
import type { Journal } from './journal.ts';
import { createKnowledge, type Knowledge } from './knowledge.ts';
import { madeOf, nameOfKey, objectOf } from './model-mesh.ts';
import type { Life } from './process.ts';
import { serviceNames, type ObjectName, type Truth } from './truth.ts';

/** What a server has for the proxy of a pod, at one moment. */
export interface Served {
  /** Of the services, by their own bundles. */
  readonly services: Knowledge;
  /** Of the pod's bundle: the last one it was assigned to of those that are there. */
  readonly bundle: Knowledge;
  /** The pod may call them, and its bundle does not include them: they were not there when it was made. */
  readonly lacking: ReadonlySet<ObjectName>;
}

/** What is known of a life from what its bus told it. */
export interface Watched {
  readonly life: Life;
  /** Of a bucket, or of the bundles of one pod in it: what is kept in several places is not read in step. */
  readonly knowledge: (place: string) => Knowledge;
  readonly served: (pod: number) => Served;
  /** A proxy's assignment, and the bundle's content, as they are heard. */
  readonly noteAssignment: (pod: number, bundle: string) => void;
  readonly noteBundle: (pod: number, key: string, bundle: Bundle) => void;
  /** Forgets what the bucket has told so far. */
  readonly forget: (bucket: string) => void;
  /** Buckets that were complete once in this life: before that nobody acts on them. */
  readonly complete: Set<string>;
  leading: boolean;
}

interface WatchingOptions {
  readonly rolledBack: ReadonlySet<string>;
  /** Another life of the same service that leads, too, and is not frozen. */
  readonly rival: () => string | undefined;
  /** Leases were lost by the server: nothing keeps two from leading then. */
  readonly leasesLost: () => boolean;
  /** Who has led last, by service. */
  readonly leaders: Map<string, string>;
  readonly journal: Journal;
  readonly watched: Watched;
}

/** What every reader of these buckets must be able to rely on; the others say nothing about the truth. */
const laws: Readonly<Record<string, (event: TableEvent<unknown>, watched: Watched) => string>> = {
  catalog: judgeCatalog,
  compiled: judgeCompiled,
  workloads: judgeWorkloads,
};
/** More keys than there ever are in a bucket. */
const keysMax = 64;

/**
 * A batch that ends with an epoch compares two states of a bucket: which of its changes was first it does not say. Where an object
 * went and came again the bucket may be met while only the first of its keys is there again: the other one is told to be gone, and was.
 */
function inTime<T>(batch: readonly TableEvent<T>[]): readonly TableEvent<T>[] {
  if (batch.at(-1)?.kind !== 'complete') return batch;
  const isGone = ({ kind }: TableEvent<T>): boolean => kind === 'delete';
  return [...batch.filter(isGone), ...batch.filter((event) => !isGone(event))];
}

/** Holds every event that a service gets from its bus against the truth, and notes whether it leads. */
export function watchBus(
  bus: Bus,
  { journal, watched, rival, leasesLost, leaders, rolledBack }: WatchingOptions,
): Bus {
  const { life } = watched;
  const judge = (bucket: string, event: TableEvent<unknown>): void => {
    journal.note(life.process, () => `hears ${bucket} ${showEvent(event)}`);
    if (event.kind === 'complete') journal.count(`complete ${bucket}`);
    if (event.kind === 'complete') {
      // Whoever starts on an older state cannot know that it is one, and may publish what follows from it.
      if (rolledBack.has(bucket) && !watched.complete.has(bucket)) {
        journal.count('a reader starts on an older state');
        journal.forged = true;
      }
      watched.complete.add(bucket);
    }
    let wrong = laws[bucket]?.(event, watched) ?? '';
    if (wrong !== '' && !watched.complete.has(bucket)) {
      // It may go back as long as nobody acts on it, but only to what was true once.
      watched.forget(bucket);
      wrong = laws[bucket]?.(event, watched) ?? '';
    }
    if (wrong !== '' && !journal.forged)
      journal.violated(
        'a reader is told nothing that was not true after what it knew',
        `${life.instance}, bucket ${bucket}: ${wrong}`,
      );
  };
  async function* follow<T>(
    bucket: Bucket<T>,
    watch: Watch<T>,
  ): AsyncGenerator<readonly TableEvent<T>[]> {
    for await (const batch of watch) {
      if (batch.length > 2 * keysMax + 1)
        journal.violated(
          'queues are bounded',
          `${life.instance}: ${batch.length} events of ${bucket.name}`,
        );
      for (const event of inTime(batch)) judge(bucket.name, event);
      yield batch;
    }
  }
  const watch: Bus['watch'] = (bucket, options) => {
    const watched = bus.watch(bucket, options);
    const iterate = () => follow(bucket, watched);
    return { [Symbol.asyncIterator]: iterate, caughtUp: watched.caughtUp };
  };
  async function* lease(options: Parameters<Bus['lease']>[0]): AsyncGenerator<LeaseEvent> {
    for await (const event of bus.lease(options)) {
      watched.leading = event.kind === 'acquired';
      const other = watched.leading ? rival() : undefined;
      if (watched.leading) {
        const before = leaders.get(life.service) ?? life.instance;
        if (before !== life.instance) journal.count('lease passed on');
        leaders.set(life.service, life.instance);
      }
      if (other !== undefined && leasesLost()) {
        journal.count('two leaders after the leases were lost');
        journal.forged = true;
      } else if (other !== undefined)
        journal.violated('one leads at a time', `${life.instance} and ${other}`);
      journal.note(life.process, () => `lease ${event.kind}`);
      journal.count(`lease ${event.kind}`);
      yield event;
    }
  }
  return { ...bus, watch, lease };
}

/** Creates the record of a life that begins. */
export function createWatched(life: Life, truth: Truth): Watched {
  const byPlace = new Map<string, Knowledge>();
  const knowledge = (place: string): Knowledge => {
    const known = byPlace.get(place) ?? createKnowledge(truth);
    byPlace.set(place, known);
    return known;
  };
  const forget = (bucket: string): void => {
    for (const place of byPlace.keys()) if (place.startsWith(bucket)) byPlace.delete(place);
  };
  const assigned = new Map<number, readonly string[]>();
  const lacking = new Map<string, ReadonlySet<ObjectName>>();
  const now = (of: Knowledge): Knowledge => {
    const copy = createKnowledge(truth);
    for (const name of truth.names) copy.adopt(name, of);
    return copy;
  };
  const content = (bundle: string): string => `compiled content of ${bundle}`;
  return {
    life,
    knowledge,
    served: (pod) => {
      const services = now(knowledge(placeOf(undefined)));
      const key = assigned.get(pod)?.findLast((each) => byPlace.has(content(each)));
      if (key === undefined)
        return { services, bundle: now(knowledge(placeOf(pod))), lacking: new Set() };
      const bundle = now(knowledge(content(key)));
      return { services, bundle, lacking: lacking.get(key) ?? new Set() };
    },
    noteAssignment: (pod, bundle) => assigned.set(pod, [...(assigned.get(pod) ?? []), bundle]),
    noteBundle: (pod, key, bundle) => {
      const mine = knowledge(content(key));
      const made = new Map(madeOf(bundle));
      for (const name of made.keys()) mine.adopt(name, knowledge(placeOf(pod)));
      const absent = new Set<ObjectName>();
      for (const [at, name] of serviceNames.entries()) {
        if (bundle.includes.includes(`outbound.${at}`)) mine.exists(name);
        else if (typeof made.get(`grant ${pod}>${at}`) === 'number') absent.add(name);
      }
      for (const name of absent) mine.is(name, undefined);
      lacking.set(key, absent);
    },
    forget,
    complete: new Set(),
    leading: false,
  };
}

/** The compiled bucket as a whole, or the bundles of one pod in it. */
export function placeOf(pod: number | undefined): string {
  return pod === undefined ? 'compiled' : `compiled workload.${pod}`;
}

function judgeCatalog(event: TableEvent<unknown>, watched: Watched): string {
  if (event.kind === 'complete') return '';
  const knowledge = watched.knowledge('catalog');
  const name = nameOfKey.get(event.key);
  if (name === undefined) return event.kind === 'delete' ? `${event.key} went` : '';
  if (event.kind === 'delete') return knowledge.is(name, undefined) ? '' : `${name} went`;
  const value = (event.value as CatalogObject).kind as CatalogValue | undefined;
  const object = value && objectOf(value);
  if (object === undefined) return `${event.key} is not an object`;
  return knowledge.is(name, object.generation) ? '' : `${name} is ${object.generation}`;
}

function judgeCompiled(event: TableEvent<unknown>, watched: Watched): string {
  if (event.kind === 'complete') return '';
  const [kind = '', at = ''] = event.key.split('.');
  const knowledge = watched.knowledge(placeOf(kind === 'workload' ? Number(at) : undefined));
  if (event.kind === 'put') {
    for (const [name, state] of madeOf(event.value as Bundle)) {
      if (!knowledge.is(name, state ?? undefined))
        return `${event.key}: ${name} is ${state ?? 'gone'}`;
    }
    if (kind === 'workload') watched.noteBundle(Number(at), event.key, event.value as Bundle);
    return '';
  }
  if (kind === 'workload') return '';
  const name: ObjectName = `service ${Number(at)}`;
  return knowledge.is(name, undefined) ? '' : `${event.key} went`;
}

function judgeWorkloads(event: TableEvent<unknown>, watched: Watched): string {
  if (event.kind === 'complete') return '';
  const knowledge = watched.knowledge('workloads');
  if (event.kind === 'delete') return `${event.key} went`;
  const { bundle } = event.value as ProxyAssignment;
  const [, at = '', generation = ''] = bundle.split('.');
  watched.noteAssignment(Number(at), bundle);
  return knowledge.is(`pod ${Number(at)}`, Number(generation)) ? '' : `${event.key} has ${bundle}`;
}

function showEvent(event: TableEvent<unknown>): string {
  if (event.kind === 'complete') return `complete ${event.epoch}`;
  if (event.kind === 'delete') return `-${event.key}`;
  const value = event.value as Bundle | CatalogObject;
  if (value !== null && typeof value === 'object' && 'bundle' in value)
    return `${event.key} ${String(value.bundle)}`;
  if (value !== null && typeof value === 'object' && 'resources' in value)
    return `${event.key} ${JSON.stringify(madeOf(value))}`;
  const object =
    value !== null && typeof value === 'object' && 'kind' in value
      ? objectOf(value.kind as CatalogValue)
      : undefined;
  return `${event.key} ${object?.generation ?? ''}`;
}
