import type { ObjectRef } from '@osm/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogSource, SourceEvent } from '../src/source.ts';

/** An object as a user applies it. */
export interface WorldObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A world as the contract needs it: empty but for what belongs to each new namespace there. */
export interface ContractWorld {
  readonly source: CatalogSource;
  /** Creates or replaces. Resolves when the world has it, not when the source told. */
  readonly put: (object: WorldObject) => Promise<void>;
  readonly remove: (object: WorldObject) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Applies the events of one watch as a service does. */
export interface Observed {
  /** `kind namespace/name` to what the source gave. */
  readonly objects: ReadonlyMap<string, unknown>;
  readonly events: readonly SourceEvent[];
  readonly listed: () => number;
  readonly diagnostics: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** How long to wait for what must come; only a failing test waits so long. */
export const patience = { timeout: 10_000, interval: 2 };

/** Watches until stopped. */
export function observe(source: CatalogSource): Observed {
  const abort = new AbortController();
  const objects = new Map<string, unknown>();
  const byOwner = new Map<string, readonly string[]>();
  const events: SourceEvent[] = [];
  const done = (async () => {
    for await (const batch of source.watch({ signal: abort.signal })) {
      for (const event of batch) {
        events.push(event);
        if (event.kind === 'put' && isOfContract(event.ref)) {
          objects.set(keyOf(event.ref), event.raw);
        }
        if (event.kind === 'delete') objects.delete(keyOf(event.ref));
        if (event.kind === 'diagnostics') {
          byOwner.set(
            event.owner,
            event.diagnostics.map(({ code }) => code),
          );
        }
      }
    }
  })();
  return {
    objects,
    events,
    listed: () => events.filter(({ kind }) => kind === 'listed').length,
    diagnostics: () => [...byOwner.values()].flat().sort(),
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

/** Not the namespaces that the contract puts at the start, and what a cluster puts into each of them by itself. */
function isOfContract({ kind, name }: ObjectRef): boolean {
  return kind !== 'Namespace' && !(kind === 'ServiceAccount' && name === 'default');
}

function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

/** A TrafficSplit to play with. */
export function split(name: string, weight: number, namespace = 'shop'): WorldObject {
  return {
    apiVersion: 'split.smi-spec.io/v1alpha2',
    kind: 'TrafficSplit',
    metadata: { name, namespace },
    spec: { service: name, backends: [{ service: name, weight }] },
  };
}

const namespaces: readonly WorldObject[] = ['shop', 'other'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'openservicemesh.io/monitored-by': 'osm' } },
}));

/** What every source does, be it a directory or the Kubernetes API. */
export function sourceContract(name: string, makeWorld: () => Promise<ContractWorld>): void {
  describe(`source contract: ${name}`, () => {
    let world: ContractWorld;
    let watches: Observed[] = [];
    const watch = (): Observed => {
      const observed = observe(world.source);
      watches.push(observed);
      return observed;
    };
    const watchListed = async (): Promise<Observed> => {
      const observed = watch();
      await expect.poll(observed.listed, patience).toBe(1);
      return observed;
    };
    beforeEach(async () => {
      world = await makeWorld();
      for (const namespace of namespaces) await world.put(namespace);
    });
    afterEach(async () => {
      await Promise.all(watches.map((observed) => observed.stop()));
      watches = [];
      await world.close();
    });

    it('says that a world is listed, after its namespaces', async () => {
      const observed = await watchListed();
      const names = observed.events.flatMap((event) =>
        event.kind === 'put' && event.ref.kind === 'Namespace' ? [event.ref.name] : [],
      );
      expect(names.sort()).toEqual(['other', 'shop']);
      expect(observed.events.at(-1)).toEqual({ kind: 'listed' });
      expect(observed.objects.size).toBe(0);
    });

    it('puts all that exists before it says listed', async () => {
      for (let index = 0; index < 300; index++) await world.put(split(`s${index}`, index));
      const observed = await watchListed();
      const end = observed.events.findIndex(({ kind }) => kind === 'listed');
      const puts = observed.events.slice(0, end).filter((event) => event.kind === 'put');
      expect(puts.filter((event) => event.ref.kind === 'TrafficSplit')).toHaveLength(300);
      expect(observed.objects.get('TrafficSplit shop/s299')).toMatchObject(split('s299', 299));
    });

    it('tells what is created, changed and deleted later, each under the same id', async () => {
      const observed = await watchListed();
      await world.put(split('a', 1));
      await expect.poll(() => observed.objects.get('TrafficSplit shop/a'), patience).toBeDefined();
      await world.put(split('a', 2));
      await expect
        .poll(() => observed.objects.get('TrafficSplit shop/a'), patience)
        .toMatchObject(split('a', 2));
      await world.remove(split('a', 2));
      await expect.poll(() => observed.objects.size, patience).toBe(0);
      const ids = observed.events.flatMap((event) =>
        'id' in event && event.ref.kind === 'TrafficSplit' ? [event.id] : [],
      );
      expect(new Set(ids)).toEqual(new Set(['split.smi-spec.io/TrafficSplit/shop/a']));
      expect(observed.listed()).toBe(1);
    });

    it('keeps objects of one name apart by kind and namespace', async () => {
      const observed = await watchListed();
      const account = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'a', namespace: 'shop' },
      };
      await world.put(split('a', 1));
      await world.put(split('a', 2, 'other'));
      await world.put(account);
      await expect.poll(() => observed.objects.size, patience).toBe(3);
      await world.remove(split('a', 1));
      await expect
        .poll(() => [...observed.objects.keys()].sort(), patience)
        .toEqual(['ServiceAccount shop/a', 'TrafficSplit other/a']);
    });

    it('ends with the last state, however fast the changes come', async () => {
      const observed = await watchListed();
      for (let round = 1; round <= 20; round++) {
        await world.put(split('fast', round));
        await world.put(split('gone', round));
        await world.remove(split('gone', round));
      }
      await world.put(split('end', 1));
      await expect
        .poll(() => observed.objects.get('TrafficSplit shop/end'), patience)
        .toMatchObject(split('end', 1));
      await expect
        .poll(() => observed.objects.get('TrafficSplit shop/fast'), patience)
        .toMatchObject(split('fast', 20));
      await expect.poll(() => observed.objects.has('TrafficSplit shop/gone'), patience).toBe(false);
    });

    it('starts anew with every watch', async () => {
      await world.put(split('a', 1));
      const first = await watchListed();
      await first.stop();
      await world.remove(split('a', 1));
      await world.put(split('b', 1));
      const second = await watchListed();
      expect([...second.objects.keys()]).toEqual(['TrafficSplit shop/b']);
      expect([...first.objects.keys()]).toEqual(['TrafficSplit shop/a']);
    });

    it('serves several watches at once', async () => {
      const both = [await watchListed(), await watchListed()];
      await world.put(split('a', 1));
      for (const observed of both) {
        await expect.poll(() => observed.objects.has('TrafficSplit shop/a'), patience).toBe(true);
      }
    });

    it('ends when the signal aborts', async () => {
      const observed = await watchListed();
      await observed.stop();
      await world.put(split('late', 1));
      const again = await watchListed();
      expect(again.objects.has('TrafficSplit shop/late')).toBe(true);
      expect(observed.objects.size).toBe(0);
    });
  });
}
