import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashHex } from './hash.ts';

describe('hashHex', () => {
  it('keeps its values: versions of resources compare across releases', () => {
    expect(hashHex(new TextEncoder().encode('bookstore'))).toMatchInlineSnapshot(
      `"0f03169041bf1deb"`,
    );
    expect(hashHex(new Uint8Array())).toMatchInlineSnapshot(`"ab3e7c0b89495488"`);
  });

  it('is 16 hex digits for any input', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => /^[0-9a-f]{16}$/.test(hashHex(bytes))));
  });

  it('tells a hundred thousand similar texts apart', () => {
    const seen = new Set<string>();
    const encoder = new TextEncoder();
    for (let i = 0; i < 100_000; i++)
      seen.add(hashHex(encoder.encode(`10.0.${i >> 8}.${i & 255}`)));
    expect(seen.size).toBe(100_000);
  });
});
