import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey } from './keys.ts';

describe('encodeKey', () => {
  it('writes plain names as they are and escapes the rest', () => {
    expect(encodeKey(['service', 'bookstore', 'bookstore-v1'])).toBe(
      'service.bookstore.bookstore-v1',
    );
    expect(encodeKey(['namespace', '', 'a.b'])).toBe('namespace.=.a=2Eb');
  });

  it('makes valid NATS keys that decode to the same parts, whatever the parts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (parts) => {
        const key = encodeKey(parts);
        expect(key).toMatch(/^[-/_=.a-zA-Z0-9]+$/);
        expect(key.split('.').length).toBe(parts.length);
        expect(decodeKey(key)).toEqual(parts);
      }),
    );
  });
});
