import { createCsr, createKeyPair, readCertificate, type CertificateFacts } from '@osm/pki';
import { SignRequest, type CertificateSubject, type SignResponse } from '@osm/proto-mesh';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CertificateProvider } from '../src/provider.ts';

/** A provider to test, of the trust domain `cluster.local`, whose floor of validity is ten minutes. */
export type ProviderUnderTest = () => Promise<CertificateProvider>;

export const bookstore: CertificateSubject = {
  kind: { $case: 'workload', value: { namespace: 'shop', serviceAccount: 'bookstore' } },
};

/** A request with a fresh key. */
export async function requestFor(
  subject: CertificateSubject | undefined,
  validityMs = 0,
): Promise<SignRequest> {
  const csrDer = Buffer.from(await createCsr(await createKeyPair()));
  return SignRequest.fromPartial({ csrDer, subject, validityMs });
}

/** The facts of an issued leaf; a refusal fails the test with its message. */
export function issuedFacts(response: SignResponse): CertificateFacts {
  if (response.result?.$case !== 'issued') throw new Error(JSON.stringify(response));
  const facts = readCertificate(response.result.value.chainPem);
  if (facts.kind === 'error') throw facts.error;
  return facts.value;
}

function refusal(response: SignResponse): string {
  return response.result?.$case === 'refused' ? response.result.value.code : 'not refused';
}

const proxyUuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';

/** What every certificate provider must do, whoever signs behind it. */
export function describeProviderContract(name: string, create: ProviderUnderTest): void {
  describe(`${name} as a certificate provider`, () => {
    it('issues a workload its principal and SPIFFE id, verifiable with the bundle', async () => {
      const provider = await create();
      const response = await provider.sign(await requestFor(bookstore));
      expect(issuedFacts(response)).toMatchObject({
        commonName: 'bookstore.shop.cluster.local',
        dnsNames: ['bookstore.shop.cluster.local'],
        uris: ['spiffe://cluster.local/bookstore/shop'],
        isAuthority: false,
      });
      if (response.result?.$case !== 'issued') throw new Error('refused');
      expect(response.result.value.bundle).toEqual(provider.bundle());
      const leaf = new X509Certificate(response.result.value.chainPem);
      const roots = provider.bundle().rootsPem.map((pem) => new X509Certificate(pem));
      expect(roots.some((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey))).toBe(
        true,
      );
    });

    it('issues a proxy names that tell its UUID, without a common name beyond 64 characters', async () => {
      const provider = await create();
      const value = { uuid: proxyUuid, namespace: 'shop', serviceAccount: 'bookstore' };
      const response = await provider.sign(await requestFor({ kind: { $case: 'proxy', value } }));
      expect(issuedFacts(response)).toMatchObject({
        commonName: undefined,
        dnsNames: [`${proxyUuid}.sidecar.bookstore.shop.cluster.local`],
        uris: [`spiffe://cluster.local/${proxyUuid}/sidecar/bookstore/shop`],
      });
    });

    it('issues a control plane service its name and further DNS names', async () => {
      const provider = await create();
      const value = { name: 'osm-injector', dnsNames: ['osm-injector.osm-system.svc'] };
      const response = await provider.sign(
        await requestFor({ kind: { $case: 'controlPlane', value } }),
      );
      expect(issuedFacts(response).dnsNames).toEqual([
        'osm-injector.cluster.local',
        'osm-injector.osm-system.svc',
      ]);
    });

    it('says in the response when the certificate holds, as the certificate does', async () => {
      const provider = await create();
      const response = await provider.sign(await requestFor(bookstore, 3_600_000));
      const { notBeforeMs, notAfterMs } = issuedFacts(response);
      if (response.result?.$case !== 'issued') throw new Error('refused');
      expect(response.result.value).toMatchObject({ notBeforeMs, notAfterMs });
      expect(notAfterMs - notBeforeMs).toBeGreaterThanOrEqual(3_600_000);
      expect(notAfterMs - notBeforeMs).toBeLessThan(3_600_000 * 1.2);
    });

    it('raises a validity below the floor', async () => {
      const provider = await create();
      const facts = issuedFacts(await provider.sign(await requestFor(bookstore, 1000)));
      expect(facts.notAfterMs - facts.notBeforeMs).toBeGreaterThanOrEqual(600_000);
    });

    it('refuses a CSR that was altered after signing', async () => {
      const provider = await create();
      const request = await requestFor(bookstore);
      const last = request.csrDer.length - 1;
      request.csrDer[last] = (request.csrDer[last] ?? 0) ^ 1;
      expect(refusal(await provider.sign(request))).toBe('invalid_csr');
    });

    it.each([
      ['no subject', undefined],
      ['an empty subject', { kind: undefined }],
      ['an empty namespace', workload('', 'bookstore')],
      ['a namespace with a dot', workload('shop.cluster', 'bookstore')],
      ['a service account with a slash', workload('shop', 'book/store')],
      ['a wildcard', workload('shop', '*')],
      ['a proxy id that is no UUID', proxy('ads')],
      ['a control plane name below an identity', controlPlane('bookstore.shop')],
      ['a further name that is an identity', controlPlane('x', 'bookstore.shop.cluster.local')],
    ])('refuses %s', async (_what, subject) => {
      const provider = await create();
      expect(refusal(await provider.sign(await requestFor(subject)))).toBe('invalid_subject');
    });
  });
}

function workload(namespace: string, serviceAccount: string): CertificateSubject {
  return { kind: { $case: 'workload', value: { namespace, serviceAccount } } };
}

function proxy(uuid: string): CertificateSubject {
  const value = { uuid, namespace: 'shop', serviceAccount: 'bookstore' };
  return { kind: { $case: 'proxy', value } };
}

function controlPlane(name: string, ...dnsNames: string[]): CertificateSubject {
  return { kind: { $case: 'controlPlane', value: { name, dnsNames } } };
}
