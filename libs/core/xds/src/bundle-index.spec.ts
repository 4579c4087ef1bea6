import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundlesOf, resource, type ModelMesh } from '../testing/model-mesh.ts';
import { createBundleIndex, type BundleChange, type BundleIndex } from './bundle-index.ts';
import { recordsOf } from './config-node.ts';
import { resourceTypes } from './resource-types.ts';

const put = (key: string, names: readonly string[], includes: readonly string[] = []) =>
  ({
    kind: 'put',
    key,
    bundle: { resources: names.map((name) => resource('cluster', name, 1)), includes },
  }) satisfies BundleChange;
const remove = (key: string): BundleChange => ({ kind: 'delete', key });

function namesOf(index: BundleIndex, key: string): string[] | undefined {
  const node = index.node(key);
  return node && recordsOf(node, 'cluster').map((record) => record.name);
}

describe('createBundleIndex', () => {
  it('gives the closure of a bundle', () => {
    const index = createBundleIndex();
    const changed = index.apply([
      put('w', ['own'], ['o']),
      put('o', ['o'], ['c']),
      put('c', ['c']),
    ]);
    expect(changed).toEqual(['c', 'o', 'w']);
    expect(namesOf(index, 'w')).toEqual(['c', 'o', 'own']);
  });

  it('keeps the last complete content while an include is missing', () => {
    const index = createBundleIndex();
    index.apply([put('c', ['c']), put('w', ['w'], ['c'])]);
    expect(index.apply([put('w', ['w2'], ['c', 'd'])])).toEqual([]);
    expect(namesOf(index, 'w')).toEqual(['c', 'w']);
    expect(index.incomplete()).toEqual(['w']);
    // What changes below the last complete content still arrives.
    expect(index.apply([put('c', ['c', 'c2'])])).toEqual(['c', 'w']);
    expect(namesOf(index, 'w')).toEqual(['c', 'c2', 'w']);
    expect(index.apply([put('d', ['d'])])).toEqual(['d', 'w']);
    expect(namesOf(index, 'w')).toEqual(['c', 'c2', 'd', 'w2']);
    expect(index.incomplete()).toEqual([]);
  });

  it('has no closure before the first complete one', () => {
    const index = createBundleIndex();
    expect(index.apply([put('w', ['w'], ['c'])])).toEqual([]);
    expect(index.node('w')).toBeUndefined();
  });

  it('says nothing when nothing is new', () => {
    const index = createBundleIndex();
    index.apply([put('c', ['c']), put('w', ['w'], ['c'])]);
    const before = index.node('w');
    expect(index.apply([put('c', ['c']), put('w', ['w'], ['c'])])).toEqual([]);
    expect(index.node('w')).toBe(before);
  });

  it('shares what did not change', () => {
    const index = createBundleIndex();
    index.apply([put('c', ['c']), put('d', ['d']), put('w', ['w'], ['c', 'd'])]);
    const [c, d] = index.node('w')?.includes ?? [];
    index.apply([put('c', ['c', 'x'])]);
    expect(index.node('w')?.includes[0]).not.toBe(c);
    expect(index.node('w')?.includes[1]).toBe(d);
  });

  it('takes nothing from anybody because a bundle is deleted too early', () => {
    const index = createBundleIndex();
    index.apply([put('c', ['c']), put('w', ['w'], ['c'])]);
    expect(index.apply([remove('c')])).toEqual([]);
    expect(namesOf(index, 'w')).toEqual(['c', 'w']);
    index.apply([put('w', ['w'])]);
    expect(namesOf(index, 'w')).toEqual(['w']);
    expect(index.size()).toBe(1);
  });

  it('survives bundles that include each other', () => {
    const index = createBundleIndex();
    expect(index.apply([put('a', ['a'], ['b']), put('b', ['b'], ['a'])])).toEqual([]);
    expect(index.incomplete()).toEqual(['a', 'b']);
  });

  it('leaves out types that it does not know', () => {
    const index = createBundleIndex();
    const strange = { ...resource('cluster', 'x', 1), typeUrl: 'type.googleapis.com/x.Y' };
    index.apply([{ kind: 'put', key: 'w', bundle: { resources: [strange], includes: [] } }]);
    expect(index.node('w')?.records).toEqual([]);
  });

  it('ends with the same closures whatever the order and the batches', () => {
    const names = ['a', 'b', 'c'];
    const world: fc.Arbitrary<ModelMesh> = fc
      .record({
        contents: fc.array(fc.nat(1), { minLength: 3, maxLength: 3 }),
        backends: fc.array(fc.subarray(names), { minLength: 3, maxLength: 3 }),
        calls: fc.oneof(fc.constant('all' as const), fc.subarray(names)),
      })
      .map(({ contents, backends, calls }) => ({
        services: Object.fromEntries(
          names.map((name, i) => {
            const n = contents[i] ?? 0;
            const service = { cluster: n, endpoints: n, listener: n, route: n };
            return [name, { ...service, backends: backends[i] ?? [] }];
          }),
        ),
        workloads: { w: calls },
      }));
    const order = fc.array(fc.nat(), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(world, world, order, order, (first, second, shuffle, cuts) => {
        const index = createBundleIndex();
        index.apply([...bundlesOf(first)].map(([key, bundle]) => ({ kind: 'put', key, bundle })));
        const puts = [...bundlesOf(second)].map(([key, bundle], i) => ({
          rank: shuffle[i] ?? 0,
          change: { kind: 'put', key, bundle } satisfies BundleChange,
        }));
        puts.sort((a, b) => a.rank - b.rank);
        for (let i = 0; i < puts.length; i += 1 + ((cuts[i] ?? 0) % 4)) {
          const size = 1 + ((cuts[i] ?? 0) % 4);
          index.apply(puts.slice(i, i + size).map(({ change }) => change));
        }
        const fresh = createBundleIndex();
        fresh.apply([...bundlesOf(second)].map(([key, bundle]) => ({ kind: 'put', key, bundle })));
        const list = (of: BundleIndex): string[] =>
          resourceTypes.flatMap((type) => {
            const node = of.node('workload.w');
            return node === undefined
              ? []
              : recordsOf(node, type).map((r) => `${type} ${r.name} ${r.version}`);
          });
        expect(list(index)).toEqual(list(fresh));
        expect(index.incomplete()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
