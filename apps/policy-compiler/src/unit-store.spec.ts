import { captureUnit, outboundUnit, upstreamUnit, workloadUnit } from '@osm/envoy/testing';
import type { PolicyUnit } from '@osm/policy';
import { describe, expect, it } from 'vitest';
import { createUnitStore, type BundleChanges } from './unit-store.ts';

const huge = Array.from({ length: 20_000 }, (_, i) => `name-${i}.${'x'.repeat(50)}`);

function filledStore(...units: readonly PolicyUnit[]) {
  const store = createUnitStore();
  const unitPuts = [captureUnit(), ...units];
  return { store, first: store.apply({ unitPuts, unitDeletes: [] }) };
}

function put(store: ReturnType<typeof createUnitStore>, ...unitPuts: readonly PolicyUnit[]) {
  return store.apply({ unitPuts, unitDeletes: [] });
}

/** Without what every workload includes. */
function includesIn(changes: BundleChanges, key: string): readonly string[] | undefined {
  const includes = changes.puts.find(([put]) => put === key)?.[1].includes;
  return includes?.filter((include) => include !== captureUnit().policy.key);
}

function faultsOf({ problems }: BundleChanges): readonly string[] {
  return [...problems].filter(([, found]) => found.length > 0).map(([key]) => key);
}

describe('a bad unit', () => {
  const shop = [upstreamUnit('a'), outboundUnit('a'), workloadUnit('buyer', ['a'])];

  it('stays as it was, and the others change', () => {
    const { store } = filledStore(...shop, upstreamUnit('bb'), outboundUnit('bb'));
    const before = new Map(store.contents());
    const changes = put(
      store,
      outboundUnit('a', { domains: huge }),
      outboundUnit('bb', { domains: ['new'] }),
    );
    expect(changes.puts.map(([key]) => key)).toEqual(['outbound.shop.bb.80.all']);
    expect(changes.problems.get('outbound.shop.a.80.all')?.[0]?.code).toBe('bundle_too_large');
    const after = new Map(store.contents());
    expect(after.get('outbound.shop.a.80.all')).toEqual(before.get('outbound.shop.a.80.all'));
  });

  it('that never was good is left out of what includes it, until it is good', () => {
    const { store, first } = filledStore(
      upstreamUnit('a'),
      outboundUnit('a', { domains: ['same', 'SAME'] }),
      upstreamUnit('bb'),
      outboundUnit('bb'),
      workloadUnit('buyer', ['a', 'bb']),
    );
    expect(includesIn(first, 'workload.shop.buyer.0')).toEqual(['outbound.shop.bb.80.all']);
    expect(faultsOf(first)).toEqual(['outbound.shop.a.80.all', 'workload.shop.buyer.0']);
    const healed = put(store, outboundUnit('a'));
    expect(healed.puts.map(([key]) => key)).toEqual([
      'outbound.shop.a.80.all',
      'workload.shop.buyer.0',
    ]);
    expect(healed.problems.get('workload.shop.buyer.0')).toEqual([]);
  });

  it('keeps its diagnostic while others change around it', () => {
    const { store } = filledStore(...shop);
    put(store, outboundUnit('a', { domains: huge }));
    const changes = store.apply({
      unitPuts: [],
      unitDeletes: ['cluster.shop.a.8080.all'],
    });
    expect(changes.problems.get('outbound.shop.a.80.all')?.map(({ code }) => code)).toContain(
      'bundle_too_large',
    );
  });
});

describe('units that meet in one proxy', () => {
  const clash = { addresses: ['10.96.0.9'] };
  const units = [
    upstreamUnit('a'),
    outboundUnit('a', clash),
    upstreamUnit('bb'),
    outboundUnit('bb', clash),
  ];

  it('at one address: the first stays, the proxy that has only the second keeps it', () => {
    const { first } = filledStore(
      ...units,
      workloadUnit('both', ['a', 'bb']),
      workloadUnit('one', ['bb']),
    );
    expect(includesIn(first, 'workload.shop.both.0')).toEqual(['outbound.shop.a.80.all']);
    expect(includesIn(first, 'workload.shop.one.0')).toEqual(['outbound.shop.bb.80.all']);
    expect(faultsOf(first)).toEqual(['workload.shop.both.0']);
  });

  it('are looked at again when one moves away', () => {
    const { store } = filledStore(...units, workloadUnit('both', ['a', 'bb']));
    const changes = put(store, outboundUnit('a', { addresses: ['10.96.0.1'] }));
    expect(includesIn(changes, 'workload.shop.both.0')).toEqual([
      'outbound.shop.a.80.all',
      'outbound.shop.bb.80.all',
    ]);
    expect(faultsOf(changes)).toEqual([]);
  });

  it('are not looked at again for a change of endpoints', () => {
    const { store } = filledStore(...units, workloadUnit('one', ['bb']));
    const changes = put(
      store,
      upstreamUnit('bb', { endpoints: [{ ip: '10.10.0.2', port: 8080 }] }),
    );
    expect([...changes.problems.keys()]).toEqual(['cluster.shop.bb.8080.all']);
    expect(changes.encoded).toEqual(new Map([['upstream', 1]]));
  });
});

it('counts what is published', () => {
  const { store } = filledStore(upstreamUnit('a'), outboundUnit('a'), outboundUnit('bb'));
  expect(Object.fromEntries(store.counts())).toMatchObject({ upstream: 1, outbound: 1 });
  store.apply({ unitPuts: [], unitDeletes: ['outbound.shop.a.80.all'] });
  expect(Object.fromEntries(store.counts())).toMatchObject({ upstream: 1, outbound: 0 });
});
