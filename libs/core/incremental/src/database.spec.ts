import { describe, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import type { Query, QueryContext } from './query.ts';

/** Orders by customer; totals per customer; one watched report per customer. */
function createShop() {
  const db = createDatabase();
  const orders = db.input<{ customer: string; amount: number; note: string }>('orders');
  const names = db.input<string>('names');
  const byCustomer = db.index('orders by customer', orders, (order) => [order.customer]);
  const computed: string[] = [];
  const total = db.query<string, number>({
    name: 'total',
    compute: (customer, ctx) => {
      computed.push(`total ${customer}`);
      return ctx
        .keys(byCustomer, customer)
        .reduce((sum, key) => sum + (ctx.get(orders, key)?.amount ?? 0), 0);
    },
  });
  const report = db.query<string, { text: string }>({
    name: 'report',
    compute: (customer, ctx) => {
      computed.push(`report ${customer}`);
      return { text: `${ctx.get(names, customer) ?? '?'}: ${ctx.read(total, customer)}` };
    },
  });
  db.rootPerIndexKey(byCustomer, report);
  const reports = db.watch(report);
  return { db, orders, names, total, reports, computed };
}

describe('database', () => {
  it('reports what appears, changes and vanishes', () => {
    const { db, orders, names, reports } = createShop();
    names.set('ann', 'Ann');
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    orders.set('2', { customer: 'bob', amount: 5, note: '' });
    db.run();
    expect(reports.take()).toEqual([
      { kind: 'put', key: 'ann', value: { text: 'Ann: 2' } },
      { kind: 'put', key: 'bob', value: { text: '?: 5' } },
    ]);
    orders.set('2', { customer: 'ann', amount: 5, note: '' });
    db.run();
    expect(reports.take()).toEqual([
      { kind: 'put', key: 'ann', value: { text: 'Ann: 7' } },
      { kind: 'delete', key: 'bob' },
    ]);
    expect([...reports.values()]).toEqual([{ text: 'Ann: 7' }]);
  });

  it('computes only what a change can reach, and stops where a value comes out equal', () => {
    const { db, orders, names, reports, computed } = createShop();
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    orders.set('2', { customer: 'bob', amount: 5, note: '' });
    db.run();
    reports.take();
    computed.length = 0;
    names.set('ann', 'Ann');
    db.run();
    expect(computed).toEqual(['report ann']);
    computed.length = 0;
    orders.set('2', { customer: 'bob', amount: 5, note: 'same amount' });
    db.run();
    expect(computed).toEqual(['total bob']);
    computed.length = 0;
    orders.set('2', { customer: 'bob', amount: 5, note: 'same amount' });
    orders.set('3', { customer: 'bob', amount: 1, note: '' });
    orders.delete('3');
    db.run();
    expect(computed).toEqual(['total bob']);
    expect(reports.take().map(({ key }) => key)).toEqual(['ann']);
  });

  it('does nothing when an input is set to what it is', () => {
    const { db, orders, computed } = createShop();
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    db.run();
    computed.length = 0;
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    orders.delete('no such order');
    db.run();
    expect(computed).toEqual([]);
  });

  it('drops values that nobody wants any more, with all they alone had read', () => {
    const { db, orders, total, reports } = createShop();
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    db.run();
    expect(total.size()).toBe(1);
    orders.delete('1');
    db.run();
    expect(total.size()).toBe(0);
    orders.set('1', { customer: 'ann', amount: 3, note: '' });
    db.run();
    expect(reports.take()).toEqual([{ kind: 'put', key: 'ann', value: { text: '?: 3' } }]);
  });

  it('says nothing about what came and went between two looks', () => {
    const { db, orders, reports } = createShop();
    orders.set('1', { customer: 'ann', amount: 2, note: '' });
    db.run();
    orders.delete('1');
    db.run();
    expect(reports.take()).toEqual([]);
  });

  it('never evaluates a later read that an earlier one made meaningless', () => {
    const db = createDatabase();
    const pointer = db.input<string>('pointer');
    const cells = db.input<number>('cells');
    const computed: string[] = [];
    const follow = db.query<string, string>({
      name: 'follow',
      compute: (_, ctx) => ctx.get(pointer, '') ?? '',
    });
    const cell = db.query<string, number>({
      name: 'cell',
      compute: (key, ctx) => {
        computed.push(key);
        return ctx.get(cells, key) ?? 0;
      },
    });
    const both = db.query<string, number>({
      name: 'both',
      compute: (_, ctx) => ctx.read(cell, ctx.read(follow, '')),
    });
    pointer.set('', 'a');
    db.root(both, '');
    db.run();
    pointer.set('', 'b');
    cells.set('a', 7);
    db.run();
    expect(computed).toEqual(['a', 'b']);
  });

  it('keeps demanded values up to date without waking who demanded them', () => {
    const db = createDatabase();
    const leaves = db.input<number>('leaves');
    const list = db.input<readonly string[]>('list');
    const computed: string[] = [];
    const leaf = db.query<{ id: string }, number>({
      name: 'leaf',
      keyText: ({ id }) => id,
      compute: ({ id }, ctx) => {
        computed.push(id);
        return ctx.get(leaves, id) ?? 0;
      },
    });
    const tree = db.query<string, readonly string[]>({
      name: 'tree',
      compute: (_, ctx) => {
        computed.push('tree');
        const ids = ctx.get(list, '') ?? [];
        for (const id of ids) ctx.demand(leaf, { id });
        return ids;
      },
    });
    const watched = db.watch(leaf);
    list.set('', ['a', 'b']);
    db.root(tree, '');
    db.run();
    watched.take();
    computed.length = 0;
    leaves.set('a', 1);
    db.run();
    expect(computed).toEqual(['a']);
    expect(watched.take()).toEqual([{ kind: 'put', key: { id: 'a' }, value: 1 }]);
    list.set('', ['b']);
    db.run();
    expect(watched.take()).toEqual([{ kind: 'delete', key: { id: 'a' } }]);
    expect(leaf.size()).toBe(1);
  });

  it('treats a value of undefined as none', () => {
    const db = createDatabase();
    const numbers = db.input<number>('numbers');
    const even = db.query<string, number | undefined>({
      name: 'even',
      compute: (key, ctx) => [ctx.get(numbers, key)].find((n) => n !== undefined && n % 2 === 0),
    });
    const watched = db.watch(even);
    db.rootPerKey(numbers, even);
    const after = (number: number) => {
      numbers.set('a', number);
      db.run();
      return watched.take();
    };
    expect(after(1)).toEqual([]);
    expect(after(2)).toEqual([{ kind: 'put', key: 'a', value: 2 }]);
    expect(after(3)).toEqual([{ kind: 'delete', key: 'a' }]);
    expect([...watched.values()]).toEqual([]);
  });

  it('refuses a query that reads itself', () => {
    const db = createDatabase();
    const loop: Query<string, number> = db.query({
      name: 'loop',
      compute: (key: string, ctx: QueryContext): number => ctx.read(loop, key) + 1,
    });
    db.root(loop, 'x');
    expect(() => db.run()).toThrow('a query reads itself');
  });
});
