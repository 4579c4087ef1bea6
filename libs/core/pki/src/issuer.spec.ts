import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCertificate } from './certificate.ts';
import { createCsr, verifyCsr } from './csr.ts';
import { loadIssuer, type Issuer } from './issuer.ts';
import { createKeyPair, exportPrivateKeyPem, type KeyAlgorithm } from './key-pair.ts';
import { createRootCertificate } from './root.ts';
import { secretText } from './secret-text.ts';
import { subjectNames, type CertificateSubject } from './subject.ts';
import { validateIssued } from './validate-issued.ts';
import { parseCertificatePem } from './certificate.ts';
import { decodePem } from './pem.ts';
import { engine } from './engine.ts';

const nowMs = Date.UTC(2030, 0, 1);
const validity = { notBeforeMs: nowMs, notAfterMs: nowMs + 3_600_000 };
const workload: CertificateSubject = {
  kind: 'workload',
  identity: { namespace: 'shop', serviceAccount: 'bookstore' },
};

async function rootFiles() {
  const pair = await createKeyPair();
  return {
    certificatePem: await createRootCertificate({ pair, nowMs }),
    privateKeyPem: await exportPrivateKeyPem(pair),
  };
}

async function issuerOf(files: Awaited<ReturnType<typeof rootFiles>>): Promise<Issuer> {
  const issuer = await loadIssuer(files);
  if (issuer.kind === 'error') throw new Error(issuer.error.message);
  return issuer.value;
}

async function leafRequest(subject: CertificateSubject, algorithm?: KeyAlgorithm) {
  const csr = await verifyCsr(await createCsr(await createKeyPair(algorithm)));
  if (csr.kind === 'error') throw csr.error;
  const names = subjectNames(subject, 'cluster.local');
  if (names.kind === 'error') throw new Error(names.error);
  return { csr: csr.value, names: names.value, validity };
}

describe('an issuer', () => {
  it('signs leaves that verify with its root, with names, times and usages as asked', async () => {
    const issuer = await issuerOf(await rootFiles());
    const { certificatePem } = await issuer.signLeaf(await leafRequest(workload));
    const leaf = new X509Certificate(certificatePem);
    const root = new X509Certificate(issuer.certificatePem);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.subject).toBe('O=Open Service Mesh\nCN=bookstore.shop.cluster.local');
    expect(leaf.subjectAltName).toBe(
      'DNS:bookstore.shop.cluster.local, URI:spiffe://cluster.local/bookstore/shop',
    );
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    expect(leaf.ca).toBe(false);
    expect(new Date(leaf.validTo).getTime()).toBe(validity.notAfterMs);
  });

  it('signs RSA keys too, and names that leave no room for a common name', async () => {
    const issuer = await issuerOf(await rootFiles());
    const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
    const { identity } =
      workload.kind === 'workload' ? workload : { identity: { namespace: '', serviceAccount: '' } };
    const request = await leafRequest(
      { kind: 'proxy', uuid, identity },
      { kind: 'rsa', bits: 2048 },
    );
    const leaf = new X509Certificate((await issuer.signLeaf(request)).certificatePem);
    expect(leaf.subject).toBe('O=Open Service Mesh');
    expect(leaf.publicKey.asymmetricKeyType).toBe('rsa');
    expect(leaf.verify(new X509Certificate(issuer.certificatePem).publicKey)).toBe(true);
  });

  it('gives every leaf a serial number of its own, positive and of 16 bytes', async () => {
    const issuer = await issuerOf(await rootFiles());
    const request = await leafRequest(workload);
    const serials = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const facts = readCertificate((await issuer.signLeaf(request)).certificatePem);
      if (facts.kind === 'error') throw facts.error;
      expect(facts.value.serialHex).toMatch(/^[4-7][0-9a-f]{31}$/);
      serials.add(facts.value.serialHex);
    }
    expect(serials.size).toBe(20);
  });

  it('writes dates after 2049 so that they are read back', async () => {
    const issuer = await issuerOf(await rootFiles());
    const late = { notBeforeMs: nowMs, notAfterMs: Date.UTC(2060, 0, 1) };
    const request = { ...(await leafRequest(workload)), validity: late };
    expect(await issuer.signLeaf(request)).toMatchObject(late);
  });
});

describe('loadIssuer', () => {
  it('blames the certificate, the key, or both', async () => {
    const files = await rootFiles();
    const other = await rootFiles();
    const part = async (change: Partial<typeof files>) => {
      const result = await loadIssuer({ ...files, ...change });
      return result.kind === 'error' ? result.error.part : 'none';
    };
    expect(await part({})).toBe('none');
    expect(await part({ certificatePem: '' })).toBe('certificate');
    expect(await part({ privateKeyPem: secretText('x') })).toBe('privateKey');
    expect(await part({ privateKeyPem: other.privateKeyPem })).toBe('pair');
    const rsa = await exportPrivateKeyPem(await createKeyPair({ kind: 'rsa', bits: 2048 }));
    expect(await part({ privateKeyPem: rsa })).toBe('privateKey');
  });

  it('refuses a leaf as a root', async () => {
    const issuer = await issuerOf(await rootFiles());
    const { certificatePem } = await issuer.signLeaf(await leafRequest(workload));
    const { privateKeyPem } = await rootFiles();
    expect(await loadIssuer({ certificatePem, privateKeyPem })).toMatchObject({
      error: { part: 'certificate', message: 'it is not a certificate authority' },
    });
  });
});

describe('validateIssued', () => {
  async function issued() {
    const issuer = await issuerOf(await rootFiles());
    const request = await leafRequest(workload);
    const { certificatePem } = await issuer.signLeaf(request);
    const root = parseCertificatePem(issuer.certificatePem);
    const der = decodePem('CERTIFICATE', certificatePem);
    if (root.kind === 'error' || der.kind === 'error') throw new Error('not readable');
    const expected = {
      issuer: root.value,
      verifier: engine,
      publicKeyInfo: request.csr.publicKeyInfo,
      names: request.names,
      validity,
    };
    return { der: der.value[0] ?? new Uint8Array(), expected };
  }

  it('finds nothing wrong with what was signed as asked', async () => {
    const { der, expected } = await issued();
    expect(await validateIssued(der, expected)).toBeUndefined();
  });

  it.each([
    [
      'another DNS name',
      { names: { commonName: 'bookstore.shop.cluster.local', dnsNames: ['x'], uris: [] } },
    ],
    ['another common name', { names: { commonName: undefined, dnsNames: [], uris: [] } }],
    ['another begin', { validity: { ...validity, notBeforeMs: 0 } }],
    ['another end', { validity: { ...validity, notAfterMs: 0 } }],
  ])('notices %s', async (_what, change) => {
    const { der, expected } = await issued();
    expect(await validateIssued(der, { ...expected, ...change })).toBeDefined();
  });

  it('notices another key, another issuer and a changed signature', async () => {
    const { der, expected } = await issued();
    const stranger = await issued();
    const { publicKeyInfo, issuer } = stranger.expected;
    expect(await validateIssued(der, { ...expected, publicKeyInfo })).toContain('another key');
    expect(await validateIssued(der, { ...expected, issuer })).toContain('signature');
    const last = der.length - 1;
    const changed = der.map((byte, i) => (i === last ? byte ^ 1 : byte));
    expect(await validateIssued(changed, expected)).toContain('signature');
  });
});
