import { buckets, type Bus } from '@osm/bus';
import { createMemoryBus, silentLogger, type MemoryBusHub } from '@osm/bus/testing';
import { objectKey, type CatalogValue } from '@osm/model';
import type { CatalogObject } from '@osm/proto-mesh';
import { createReadiness } from '@osm/runtime';
import { createMetrics } from '@osm/telemetry';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endpoints, routes, shop } from '../testing/catalog.ts';
import { runPolicyCompiler } from './service.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function startCompiler(hub: MemoryBusHub, instance: string) {
  const abort = new AbortController();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const bus = hub.connect({ instance });
  const context = { instance, log: silentLogger, metrics, readiness, signal: abort.signal };
  const ended = runPolicyCompiler(context, bus);
  const end = async (): Promise<void> => {
    abort.abort();
    await ended;
    await bus.close();
  };
  ends.push(end);
  return { readiness, metrics, end };
}

/** What the catalog watcher does. */
function catalogOf(bus: Bus) {
  const table = bus.own(buckets.catalog);
  return {
    set: (...objects: readonly CatalogValue[]) => {
      for (const value of objects) table.set(objectKey(value), { kind: value } as CatalogObject);
    },
    complete: () => table.complete(),
    flushed: () => table.flushed(),
  };
}

async function startShop(hub: MemoryBusHub) {
  const catalog = catalogOf(hub.connect());
  catalog.set(...shop);
  catalog.complete();
  const compiler = startCompiler(hub, 'one');
  await vi.waitFor(() => expect(hub.isComplete(buckets.compiled)).toBe(true));
  return { catalog, compiler };
}

function routesVersion(hub: MemoryBusHub): string | undefined {
  return [...hub.contents(buckets.compiled).values()]
    .flatMap(({ resources }) => resources)
    .find(({ name }) => name === 'rds-inbound.8080')?.version;
}

describe('the policy compiler', () => {
  it('writes nothing before the catalog is complete', async () => {
    const hub = createMemoryBus();
    const catalog = catalogOf(hub.connect());
    catalog.set(...shop);
    const { readiness } = startCompiler(hub, 'one');
    await catalog.flushed();
    await vi.waitFor(() => expect([...readiness.missing().keys()]).toEqual(['catalog']));
    expect(hub.contents(buckets.compiled).size).toBe(0);
    catalog.complete();
    await vi.waitFor(() => expect(hub.isComplete(buckets.workloads)).toBe(true));
    expect(readiness.missing().size).toBe(0);
  });

  it('publishes a closed set: what is named exists', async () => {
    const hub = createMemoryBus();
    await startShop(hub);
    const bundles = hub.contents(buckets.compiled);
    const assignments = [...hub.contents(buckets.workloads).values()];
    expect(assignments.map(({ pod }) => pod).sort()).toEqual(['buyer-1', 'store-1']);
    for (const { bundle } of assignments) expect(bundles.has(bundle)).toBe(true);
    for (const { includes } of bundles.values())
      for (const key of includes) expect(bundles.has(key)).toBe(true);
  });

  it('deletes what an earlier leader left', async () => {
    const hub = createMemoryBus();
    const earlier = hub.connect().own(buckets.compiled);
    earlier.set('outbound.shop.old.80.all', { resources: [], includes: [] });
    await earlier.flushed();
    await earlier.close();
    await startShop(hub);
    await vi.waitFor(() =>
      expect(hub.contents(buckets.compiled).has('outbound.shop.old.80.all')).toBe(false),
    );
  });

  it('follows the catalog', async () => {
    const hub = createMemoryBus();
    const { catalog } = await startShop(hub);
    const before = routesVersion(hub);
    catalog.set(routes('/other'));
    await vi.waitFor(() => expect(routesVersion(hub)).not.toBe(before));
  });

  it('is not ready while the bus is away, and catches up', async () => {
    const hub = createMemoryBus();
    const { catalog, compiler } = await startShop(hub);
    const before = routesVersion(hub);
    hub.disconnect();
    expect([...compiler.readiness.missing().keys()]).toEqual(['bus']);
    catalog.set(routes('/other'), endpoints('store', []));
    hub.reconnect();
    await vi.waitFor(() => expect(routesVersion(hub)).not.toBe(before));
    expect(compiler.readiness.missing().size).toBe(0);
  });

  it('rebuilds its buckets after a wipe', async () => {
    const hub = createMemoryBus();
    await startShop(hub);
    const before = hub.contents(buckets.compiled);
    hub.wipe();
    await vi.waitFor(() => {
      expect(new Map([...hub.contents(buckets.compiled)].sort())).toEqual(
        new Map([...before].sort()),
      );
      expect(hub.isComplete(buckets.compiled)).toBe(true);
    });
  });

  it('leaves the writing to one replica, and takes over', async () => {
    const hub = createMemoryBus();
    const { catalog, compiler } = await startShop(hub);
    const second = startCompiler(hub, 'two');
    await vi.waitFor(() => expect(second.readiness.missing().size).toBe(0));
    const leading = async (metrics: typeof second.metrics) =>
      /^osm_compiler_leading 1$/m.test((await metrics.render()).body);
    expect(await leading(second.metrics)).toBe(false);
    await compiler.end();
    await vi.waitFor(async () => expect(await leading(second.metrics)).toBe(true));
    const before = routesVersion(hub);
    catalog.set(routes('/other'));
    await vi.waitFor(() => expect(routesVersion(hub)).not.toBe(before));
  });

  it('ends while a write waits for the bus', async () => {
    const hub = createMemoryBus();
    const { compiler } = await startShop(hub);
    hub.disconnect();
    await expect(compiler.end()).resolves.toBeUndefined();
  });
});
