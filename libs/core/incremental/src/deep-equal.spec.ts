import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepEqual } from './deep-equal.ts';

describe('deepEqual', () => {
  it('holds between a value and its copy, whatever the value', () => {
    fc.assert(
      fc.property(
        fc.anything({ withMap: false, withSet: false, withTypedArray: false }),
        (value) => {
          expect(deepEqual(value, structuredClone(value))).toBe(true);
        },
      ),
    );
  });

  it.each([
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: undefined }, { b: undefined }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [{}, []],
    [null, {}],
    [0, '0'],
    [new Map([['a', 1]]), new Map([['a', 2]])],
    [new Set(['a']), new Set(['b'])],
    [new Set(['a']), {}],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), { 0: 1 }],
  ])('tells %j from %j', (a, b) => {
    expect(deepEqual(a, b)).toBe(false);
    expect(deepEqual(b, a)).toBe(false);
  });

  it('compares maps, sets and bytes by content', () => {
    expect(deepEqual(new Map([['a', [1]]]), new Map([['a', [1]]]))).toBe(true);
    expect(deepEqual(new Set([1, 2]), new Set([2, 1]))).toBe(true);
    expect(deepEqual(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
    expect(deepEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  });
});
