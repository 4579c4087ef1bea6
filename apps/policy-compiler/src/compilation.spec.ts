import { objectKey } from '@osm/model';
import { describe, expect, it } from 'vitest';
import { endpoints, puts, routes, service, settings, shop, target } from '../testing/catalog.ts';
import { createCompilation } from './compilation.ts';
import type { Publication } from './publisher.ts';

function keysOf({ bundlePuts }: Publication): readonly string[] {
  return bundlePuts.map(([key]) => key.replace(/\.[0-9a-f]{16}$/, ''));
}

function total(encoded: ReadonlyMap<string, number>): number {
  return [...encoded.values()].reduce((sum, count) => sum + count, 0);
}

function compiledShop() {
  const compilation = createCompilation();
  return { compilation, first: compilation.apply(puts(...shop)) };
}

describe('the compilation', () => {
  it('puts each bundle after all that it includes, and assigns every proxy', () => {
    const { publication } = compiledShop().first;
    expect(keysOf(publication)).toEqual([
      'cluster.shop.store.8080.all',
      'outbound.shop.store.80.all',
      'capture.all',
      'workload.shop.buyer',
      'workload.shop.store',
    ]);
    expect(publication.assignmentPuts.map(([uuid]) => uuid)).toEqual([
      'uuid-of-buyer',
      'uuid-of-store',
    ]);
    const written = new Set(publication.bundlePuts.map(([key]) => key));
    for (const [, { bundle }] of publication.assignmentPuts) expect(written).toContain(bundle);
  });

  it('encodes one resource for a new endpoint, and one for a changed route', () => {
    const { compilation } = compiledShop();
    const endpoint = compilation.apply(puts(endpoints('store', ['10.10.0.2', '10.10.0.3'])));
    expect(keysOf(endpoint.publication)).toEqual(['cluster.shop.store.8080.all']);
    expect(total(endpoint.encoded)).toBe(1);
    const route = compilation.apply(puts(routes('/books/.*')));
    expect(keysOf(route.publication)).toEqual(['workload.shop.store']);
    expect(total(route.encoded)).toBe(1);
  });

  it('publishes nothing for a change without a meaning', () => {
    const { compilation } = compiledShop();
    const { publication } = compilation.apply(puts(...shop));
    expect(publication.bundlePuts).toEqual([]);
    expect(publication.assignmentPuts).toEqual([]);
  });

  it('deletes the bundles that a removed target leaves without reader', () => {
    const { compilation } = compiledShop();
    const { publication } = compilation.apply([
      { kind: 'delete', key: objectKey(target('buyer', 'store')) },
    ]);
    expect(keysOf(publication)).toEqual(['workload.shop.buyer', 'workload.shop.store']);
    expect(publication.bundleDeletes).toEqual([
      'capture.all',
      'outbound.shop.store.80.all',
      'cluster.shop.store.8080.all',
    ]);
  });

  it('names everything again for a new leader, the same as for the first', () => {
    const { compilation, first } = compiledShop();
    const again = compilation.contents();
    expect(new Map(again.bundlePuts)).toEqual(new Map(first.publication.bundlePuts));
    expect(again.assignmentPuts).toEqual(first.publication.assignmentPuts);
  });

  it('shares one scope in permissive mode', () => {
    const { compilation } = compiledShop();
    const { publication } = compilation.apply(puts(settings(true)));
    expect(keysOf(publication)).toEqual([
      'scope.permissive',
      'workload.shop.buyer',
      'workload.shop.store',
    ]);
  });

  it('says what is wrong with an object, and takes it back', () => {
    const { compilation } = compiledShop();
    const key = 'policy-compiler.TrafficTarget.shop.thief-to-store';
    const bad = compilation.apply(puts(target('thief', 'store')));
    expect(bad.publication.diagnosticPuts.map(([object]) => object)).toEqual([key]);
    expect(compilation.counts().diagnostics.warning).toBe(1);
    const gone = compilation.apply([{ kind: 'delete', key: objectKey(target('thief', 'store')) }]);
    expect(gone.publication.diagnosticDeletes).toEqual([key]);
    expect(compilation.counts().diagnostics).toEqual({ error: 0, warning: 0 });
  });

  it('counts what it holds', () => {
    const { compilation } = compiledShop();
    compilation.apply(puts(service('other', '10.96.0.2')));
    const { bundles, proxies, keptBack } = compilation.counts();
    expect(Object.fromEntries(bundles)).toEqual({
      upstream: 1,
      outbound: 1,
      scope: 0,
      capture: 1,
      workload: 2,
    });
    expect({ proxies, keptBack }).toEqual({ proxies: 2, keptBack: 0 });
  });
});
