import { describe, expect, it } from 'vitest';
import { batchesOf } from './send.ts';

describe('batches of requests', () => {
  it('have neighbours of one client, in order', () => {
    const requests = ['a', 'a', 'b', 'a'].map((from, i) => ({ from, http: `${i}` }));
    const batches = batchesOf(requests).map((batch) => batch.map(({ http }) => http));
    expect(batches).toEqual([['0', '1'], ['2'], ['3']]);
    expect(batchesOf([])).toEqual([]);
  });
});
