import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConfigNode, findRecord, recordsOf, type ConfigNode } from './config-node.ts';
import { diffClosures, typeDiffOf } from './diff.ts';
import { encodeResourceRecord, type ResourceRecord } from './resource-record.ts';
import type { ResourceType } from './resource-types.ts';

const types = ['cluster', 'route'] as const;

function record(type: ResourceType, name: string, version: number): ResourceRecord {
  return encodeResourceRecord({ type, name, version: `${version}`, body: new Uint8Array(3) });
}

/** The records of a leaf: few names, so that leaves also disagree about a name. */
const leafRecords = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom<ResourceType>(...types),
    name: fc.constantFrom<string>('a', 'b', 'c'),
    version: fc.nat(2),
  }),
  { selector: ({ type, name }) => `${type} ${name}`, maxLength: 3 },
);
/** Leaf contents, then which leaves the middle and the root include. */
const shape = fc.record({
  leaves: fc.array(leafRecords, { minLength: 3, maxLength: 3 }),
  middle: fc.subarray([0, 1, 2]),
  root: fc.subarray([0, 1, 2]),
  hasMiddle: fc.boolean(),
  own: leafRecords,
  crowd: fc.constantFrom(0, 80),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** Builds nodes as the index does: what is equal to the previous build is the same object. */
function build(form: Shape, known: Map<string, unknown>): ConfigNode {
  const share = <T>(key: string, make: () => T): T => {
    if (!known.has(key)) known.set(key, make());
    return known.get(key) as T;
  };
  const records = (list: Shape['own']): readonly ResourceRecord[] =>
    list.map(({ type, name, version }) =>
      share(`${type} ${name} ${version}`, () => record(type, name, version)),
    );
  const node = (key: string, own: Shape['own'], includes: readonly ConfigNode[]): ConfigNode =>
    share(JSON.stringify([key, own, includes.map((include) => idOf(include, known))]), () =>
      createConfigNode(key, records(own), includes),
    );
  const crowd = Array.from({ length: form.crowd }, (_, i) =>
    node(`z${i}`, [{ type: 'cluster', name: `z${i}`, version: 0 }], []),
  );
  const leaves = form.leaves.map((own, i) => node(`leaf${i}`, own, []));
  const pick = (indices: readonly number[]): ConfigNode[] =>
    indices.flatMap((i) => leaves[i] ?? []);
  const middle = node('middle', [], [...pick(form.middle), ...crowd]);
  return node('root', form.own, [...pick(form.root), ...(form.hasMiddle ? [middle] : [])]);
}

function idOf(node: ConfigNode, known: Map<string, unknown>): number {
  return [...known.values()].indexOf(node);
}

function expectFlatDifference(first: Shape, second: Shape): void {
  const known = new Map<string, unknown>();
  const from = build(first, known);
  const to = build(second, known);
  const diff = diffClosures(from, to);
  for (const type of types) {
    const before = new Map(recordsOf(from, type).map((r) => [r.name, r]));
    const after = new Map(recordsOf(to, type).map((r) => [r.name, r]));
    const { added, changed, removed } = typeDiffOf(diff, type);
    expect(added).toEqual([...after.values()].filter((r) => !before.has(r.name)));
    expect(changed).toEqual(
      [...after.values()].filter((r) => {
        const older = before.get(r.name);
        return older !== undefined && older.version !== r.version;
      }),
    );
    expect(removed).toEqual([...before.keys()].filter((name) => !after.has(name)).sort());
  }
}

describe('diffClosures', () => {
  it('is the difference of the flattened closures, names with two owners included', () => {
    fc.assert(
      fc.property(shape, shape, (first, second) => expectFlatDifference(first, second)),
      { numRuns: 300 },
    );
  });

  it('is so after a change in one place, where a difference below is taken over', () => {
    fc.assert(
      fc.property(shape, fc.nat(2), leafRecords, (first, at, own) =>
        expectFlatDifference(first, {
          ...first,
          leaves: first.leaves.map((leaf, i) => (i === at ? own : leaf)),
        }),
      ),
      { numRuns: 1000 },
    );
  });

  it('is one object for all who include what changed, so that they share responses', () => {
    const before = createConfigNode('shared', [record('route', 'a', 1)], []);
    const after = createConfigNode('shared', [record('route', 'a', 2)], []);
    const above = (key: string, include: ConfigNode, own: readonly ResourceRecord[] = []) =>
      createConfigNode(key, own, [include]);
    const own = [record('listener', 'inbound', 1)];
    const diff = diffClosures(before, after);
    expect(diffClosures(above('w', before, own), above('w', after, own))).toBe(diff);
    expect(diffClosures(above('v', before), above('v', after))).toBe(diff);
  });
});

describe('findRecord', () => {
  it('finds what recordsOf lists, in closures of any size', () => {
    fc.assert(
      fc.property(shape, (form) => {
        const node = build(form, new Map());
        for (const type of types) {
          for (const found of recordsOf(node, type))
            expect(findRecord(node, type, found.name)).toBe(found);
          expect(findRecord(node, type, 'nobody')).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});
