import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseProxySpiffeId,
  proxySpiffeIdOf,
  subjectNames,
  type CertificateSubject,
} from './subject.ts';

const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const bookstore = { namespace: 'shop', serviceAccount: 'bookstore' };

function names(subject: CertificateSubject) {
  return subjectNames(subject, 'cluster.local');
}

describe('subjectNames', () => {
  it('names a workload by principal and SPIFFE id', () => {
    expect(names({ kind: 'workload', identity: bookstore })).toEqual({
      kind: 'ok',
      value: {
        commonName: 'bookstore.shop.cluster.local',
        dnsNames: ['bookstore.shop.cluster.local'],
        uris: ['spiffe://cluster.local/bookstore/shop'],
      },
    });
  });

  it('takes a service account with dots apart from its namespace', () => {
    const result = names({
      kind: 'workload',
      identity: { namespace: 'shop', serviceAccount: 'book.store' },
    });
    expect(result).toMatchObject({
      value: {
        dnsNames: ['book.store.shop.cluster.local'],
        uris: ['spiffe://cluster.local/book.store/shop'],
      },
    });
  });

  it.each([
    [64, 64 - '.shop.cluster.local'.length],
    [65, 65 - '.shop.cluster.local'.length],
  ])('has a common name of %i characters only if X.509 allows it', (length, accountLength) => {
    const identity = { namespace: 'shop', serviceAccount: 'a'.repeat(accountLength) };
    const result = names({ kind: 'workload', identity });
    if (result.kind === 'error') throw new Error(result.error);
    expect(result.value.dnsNames[0]).toHaveLength(length);
    expect(result.value.commonName).toBe(length <= 64 ? result.value.dnsNames[0] : undefined);
  });

  it('names a proxy by its UUID, without a common name', () => {
    expect(names({ kind: 'proxy', uuid, identity: bookstore })).toEqual({
      kind: 'ok',
      value: {
        commonName: undefined,
        dnsNames: [`${uuid}.sidecar.bookstore.shop.cluster.local`],
        uris: [`spiffe://cluster.local/${uuid}/sidecar/bookstore/shop`],
      },
    });
  });

  it('names the control plane, each DNS name once', () => {
    const dnsNames = ['ads.cluster.internal', 'ads.cluster.internal'];
    expect(names({ kind: 'controlPlane', name: 'ads', dnsNames })).toMatchObject({
      value: {
        commonName: 'ads.cluster.local',
        dnsNames: ['ads.cluster.local', 'ads.cluster.internal'],
        uris: [],
      },
    });
  });

  it.each([
    ['cluster.local', 'lies below the trust domain'],
    ['bookstore.shop.cluster.local', 'lies below the trust domain'],
    ['*.osm-system.svc', 'is not a DNS name'],
    ['', 'is not a DNS name'],
    ['A.b', 'is not a DNS name'],
  ])('refuses the further DNS name %j', (name, message) => {
    expect(names({ kind: 'controlPlane', name: 'ads', dnsNames: [name] })).toEqual({
      kind: 'error',
      error: expect.stringContaining(message) as string,
    });
  });
});

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const identity = fc.record({
  namespace: label,
  serviceAccount: fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
});

describe('parseProxySpiffeId', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.uuid(), identity, (id, who) => {
        const proxy = { uuid: id, identity: who };
        expect(parseProxySpiffeId(proxySpiffeIdOf(proxy, 'a.b'), 'a.b')).toEqual(proxy);
      }),
    );
  });

  it('never takes a workload for a proxy, whatever its service account is named', () => {
    fc.assert(
      fc.property(identity, fc.uuid(), (who, id) => {
        for (const serviceAccount of [who.serviceAccount, `${id}.sidecar.${who.serviceAccount}`]) {
          const result = names({ kind: 'workload', identity: { ...who, serviceAccount } });
          if (result.kind === 'error') throw new Error(result.error);
          const [uri = ''] = result.value.uris;
          expect(parseProxySpiffeId(uri, 'cluster.local')).toBeUndefined();
        }
      }),
    );
  });

  it.each([
    `spiffe://other/${uuid}/sidecar/bookstore/shop`,
    `spiffe://cluster.local/${uuid}/gateway/bookstore/shop`,
    `spiffe://cluster.local/${uuid}/sidecar/bookstore/shop/more`,
    `spiffe://cluster.local/${uuid}/sidecar/bookstore`,
    'spiffe://cluster.local/x/sidecar/bookstore/shop',
  ])('refuses %s', (uri) => {
    expect(parseProxySpiffeId(uri, 'cluster.local')).toBeUndefined();
  });
});
