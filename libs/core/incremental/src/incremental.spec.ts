import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDatabase, type Change } from './database.ts';
import type { Query, QueryContext } from './query.ts';

const keys = ['a', 'b', 'c', 'd', 'e'] as const;

interface Item {
  readonly group: string;
  readonly next: string;
  readonly weight: number;
}

/** Queries with all that can go wrong: lookups, changing dependencies, sharing, demands, lossy values. */
function createMaze() {
  const db = createDatabase();
  const items = db.input<Item>('items');
  const wanted = db.input<boolean>('wanted');
  const byGroup = db.index('by group', items, ({ group }) => [group, '*']);
  const rank = new Map<string, number>(keys.map((key, index) => [key, index]));
  const next = db.query<string, string>({
    name: 'next',
    compute: (key, ctx) => ctx.get(items, key)?.next ?? key,
  });
  const odd = db.query<string, boolean>({
    name: 'odd',
    compute: (key, ctx) => (ctx.get(items, key)?.weight ?? 0) % 2 === 1,
  });
  // Follows `next` towards larger keys only, so that it ends.
  const path: Query<string, readonly string[]> = db.query({
    name: 'path',
    compute: (key: string, ctx: QueryContext): readonly string[] => {
      const to = ctx.read(next, key);
      if ((rank.get(to) ?? 0) <= (rank.get(key) ?? 0)) return [key];
      return ctx.read(odd, to) ? [key, ...ctx.read(path, to)] : [key, to];
    },
  });
  const detail = db.query<string, Item | 'none'>({
    name: 'detail',
    compute: (key, ctx) => ctx.get(items, key) ?? 'none',
  });
  const summary = db.query<string, { oddOnes: string[]; paths: number }>({
    name: 'summary',
    compute: (group, ctx) => {
      const members = ctx.keys(byGroup, group);
      const oddOnes = members.filter((key) => ctx.read(odd, key));
      for (const key of oddOnes) ctx.demand(detail, key);
      return { oddOnes, paths: members.flatMap((key) => ctx.read(path, key)).length };
    },
  });
  db.rootPerKey(wanted, path);
  db.rootPerIndexKey(byGroup, summary);
  const watches = [db.watch(path), db.watch(summary), db.watch(detail), db.watch(odd)] as const;
  const known = watches.map(() => new Map<string, unknown>());
  const apply = (step: Step): void => {
    if (step.kind === 'set') items.set(step.key, step.item);
    else if (step.kind === 'delete') items.delete(step.key);
    else if (step.wanted) wanted.set(step.key, true);
    else wanted.delete(step.key);
  };
  const settle = (): unknown => {
    db.run();
    watches.forEach((watch, i) => {
      for (const change of watch.take() as readonly Change<string, unknown>[]) {
        if (change.kind === 'put') known[i]?.set(change.key, change.value);
        else expect(known[i]?.delete(change.key)).toBe(true);
      }
    });
    return known.map((map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return { apply, settle };
}

type Step =
  | { readonly kind: 'set'; readonly key: string; readonly item: Item }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'want'; readonly key: string; readonly wanted: boolean };

const key = fc.constantFrom(...keys);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key,
      item: fc.record({ group: fc.constantFrom('g', 'h'), next: key, weight: fc.nat(3) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('want' as const), key, wanted: fc.boolean() }),
  },
);

describe('law', () => {
  it('incremental equals from scratch after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 12 }), (batches) => {
        const live = createMaze();
        const history: Step[] = [];
        for (const batch of batches) {
          batch.forEach(live.apply);
          history.push(...batch);
          const fresh = createMaze();
          history.forEach(fresh.apply);
          expect(live.settle()).toEqual(fresh.settle());
        }
      }),
      { numRuns: 300 },
    );
  });
});
