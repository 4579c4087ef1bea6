import { Epoch } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import type { Entry } from './link.ts';
import type { FollowedState } from './table-follow.ts';
import { createTableReader } from './table-reader.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function makeReader() {
  let told: string[] = [];
  const reader = createTableReader((event) => {
    if (event.kind === 'complete') told.push(`complete ${event.epoch}`);
    else if (event.kind === 'delete') told.push(`delete ${event.key}`);
    else told.push(`put ${event.key}=${new TextDecoder().decode(event.bytes)}`);
  });
  let seq = 0;
  const stamp = (): string => String((seq += 1)).padStart(4, '0');
  return {
    ...reader,
    told: () => {
      const all = told;
      told = [];
      return all;
    },
    put: (key: string, value: string): Entry => ({ key, stamp: stamp(), seq, bytes: text(value) }),
    gone: (key: string): Entry => ({ key, stamp: stamp(), seq, bytes: undefined }),
    epoch: (id: string): Entry => {
      const bytes = Epoch.encode({ id, writer: 'test', keys: 0 }).finish();
      return { key: 'epoch', stamp: stamp(), seq, bytes };
    },
  };
}

const at = (lastSeq: number): FollowedState => ({ lastSeq, replicated: false });

describe('createTableReader', () => {
  it('reports a whole bucket, deletions in it left out, and then differences', () => {
    const { reset, entry, told, put, gone, epoch } = makeReader();
    reset([put('a', '1'), gone('b'), epoch('e1')], 'first', at(3));
    expect(told()).toEqual(['put a=1', 'complete e1']);
    entry(put('a', '1'));
    entry(put('a', '2'));
    entry(gone('a'));
    entry(gone('never'));
    expect(told()).toEqual(['put a=2', 'delete a']);
  });

  it('reports deletions that were missed, without telling of the same epoch again', () => {
    const { reset, told, put, epoch } = makeReader();
    const [a, b, e] = [put('a', '1'), put('b', '1'), epoch('e1')];
    reset([a, b, e], 'first', at(3));
    told();
    reset([b, e], 'changed', at(4));
    expect(told()).toEqual(['delete a']);
  });

  it('goes on without an epoch when the message reported last is there again', () => {
    const { reset, entry, told, put, epoch, holding } = makeReader();
    const [e, a, b] = [epoch('e1'), put('a', '1'), put('b', '1')];
    reset([e, a, b], 'first', at(3));
    told();
    reset([e, a], 'broken', at(2));
    expect(told()).toEqual([]);
    entry(b);
    entry(put('c', '1'));
    expect(told()).toEqual(['put c=1']);
    const last = put('d', '1');
    entry(last);
    reset([e, a], 'broken', at(2));
    expect(holding?.()).toBe(true);
    reset([e, a, b, last], 'changed', at(5));
    expect(told()).toEqual(['put d=1', 'delete c']);
    expect(holding?.()).toBe(false);
  });

  it('deletes nothing before the first epoch', () => {
    const { reset, entry, told, put, epoch } = makeReader();
    reset([put('a', '1')], 'first', at(1));
    reset([put('b', '1')], 'broken', at(1));
    expect(told()).toEqual(['put a=1', 'put b=1']);
    entry(epoch('e1'));
    expect(told()).toEqual(['delete a', 'complete e1']);
  });

  it('holds everything back after a break until the next epoch', () => {
    const { reset, entry, told, put, epoch } = makeReader();
    const [old, e1] = [put('a', 'old'), epoch('e1')];
    reset([e1, put('a', 'new'), put('b', '1')], 'first', at(4));
    told();
    reset([old, e1], 'broken', at(2));
    entry(put('a', 'newest'));
    entry(put('c', '1'));
    expect(told()).toEqual([]);
    entry(epoch('e2'));
    expect(told()).toEqual(['put a=newest', 'put c=1', 'delete b', 'complete e2']);
  });

  it('takes a break with a newer epoch in it at its word', () => {
    const { reset, told, put, epoch } = makeReader();
    reset([put('a', '1'), put('b', '1'), epoch('e1')], 'first', at(3));
    told();
    reset([put('a', '1'), epoch('e2')], 'broken', at(2));
    expect(told()).toEqual(['delete b', 'complete e2']);
  });

  it('goes on holding through further interruptions', () => {
    const { reset, told, put, epoch } = makeReader();
    reset([put('a', '1'), epoch('e1')], 'first', at(2));
    told();
    reset([], 'broken', at(0));
    reset([put('b', '1')], 'changed', at(1));
    expect(told()).toEqual([]);
    reset([put('b', '1'), epoch('e2')], 'changed', at(2));
    expect(told()).toEqual(['put b=1', 'delete a', 'complete e2']);
  });
});
