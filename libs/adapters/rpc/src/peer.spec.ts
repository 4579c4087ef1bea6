import { describe, expect, it } from 'vitest';
import { parseSubjectAltNames } from './peer.ts';

describe('parseSubjectAltNames', () => {
  it('reads DNS names and URIs', () => {
    expect(parseSubjectAltNames('DNS:a.b, URI:spiffe://c/d/e, IP Address:1.2.3.4')).toEqual({
      dnsNames: ['a.b'],
      uris: ['spiffe://c/d/e'],
    });
  });

  it('reads nothing out of nothing', () => {
    expect(parseSubjectAltNames(undefined)).toEqual({ dnsNames: [], uris: [] });
  });

  it('does not let one name pose as two', () => {
    expect(parseSubjectAltNames('URI:"spiffe://x, URI:spiffe://admin", DNS:a')).toEqual({
      dnsNames: ['a'],
      uris: [],
    });
    expect(parseSubjectAltNames('DNS:"a\\", DNS:admin", DNS:b')).toEqual({
      dnsNames: ['b'],
      uris: [],
    });
  });
});
