import { describe, expect, it } from 'vitest';
import { formatIdentity, parseIdentity, principalOf, spiffeIdOf } from './identity.ts';

describe('identity', () => {
  const dotted = { namespace: 'shop', serviceAccount: 'book.buyer' };

  it('keeps dots in names apart from separators', () => {
    expect(parseIdentity(formatIdentity(dotted))).toEqual(dotted);
  });

  it('has the spellings of OSM', () => {
    expect(principalOf(dotted, 'cluster.local')).toBe('book.buyer.shop.cluster.local');
    expect(spiffeIdOf(dotted, 'cluster.local')).toBe('spiffe://cluster.local/book.buyer/shop');
  });
});
