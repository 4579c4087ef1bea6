import { describe, expect, it } from 'vitest';
import {
  formatIdentity,
  parseIdentity,
  principalOf,
  spiffeIdOf,
  trustDomainProblem,
} from './identity.ts';

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

describe('trustDomainProblem', () => {
  it.each(['cluster.local', 'a', 'mesh-1.example.org'])('accepts %s', (text) => {
    expect(trustDomainProblem(text)).toBeUndefined();
  });
  it.each(['', '.', 'Cluster.local', 'a..b', 'a/b', '-a', `${'a'.repeat(64)}.b`])(
    'refuses %j',
    (text) => {
      expect(trustDomainProblem(text)).toContain('trust domain');
    },
  );
});
