import type { Certificate, CryptoEngine, PublicKeyInfo } from 'pkijs';
import { certificateFacts, parseCertificate } from './certificate.ts';
import type { CertificateNames } from './subject.ts';
import type { Validity } from './validity.ts';

/** What a certificate was meant to say. */
export interface IssuedExpectation {
  readonly issuer: Certificate;
  /** Verifies with the issuer's key. */
  readonly verifier: CryptoEngine;
  readonly publicKeyInfo: PublicKeyInfo;
  readonly names: CertificateNames;
  readonly validity: Validity;
}

/**
 * The other half of signing: reads the finished bytes as a peer would and compares with what was asked. Returns what is wrong,
 * undefined when nothing is.
 */
export async function validateIssued(
  der: Uint8Array,
  expected: IssuedExpectation,
): Promise<string | undefined> {
  const parsed = parseCertificate(der);
  if (parsed.kind === 'error') return parsed.error.message;
  const leaf = parsed.value;
  const facts = certificateFacts(leaf);
  if (facts.isAuthority) return 'it is a certificate authority';
  if (facts.commonName !== expected.names.commonName) return `common name ${facts.commonName}`;
  if (!sameTexts(facts.dnsNames, expected.names.dnsNames)) return `DNS names ${facts.dnsNames}`;
  if (!sameTexts(facts.uris, expected.names.uris)) return `URIs ${facts.uris}`;
  if (facts.notBeforeMs !== expected.validity.notBeforeMs) return 'begin of validity';
  if (facts.notAfterMs !== expected.validity.notAfterMs) return 'end of validity';
  if (facts.notAfterMs <= facts.notBeforeMs) return 'it ends before it begins';
  if (!sameBytes(keyBits(leaf.subjectPublicKeyInfo), keyBits(expected.publicKeyInfo)))
    return 'it has another key than the CSR';
  if (!leaf.issuer.isEqual(expected.issuer.subject)) return 'it names another issuer';
  return (await leaf.verify(expected.issuer, expected.verifier))
    ? undefined
    : 'its signature does not verify';
}

function keyBits(info: PublicKeyInfo): Uint8Array {
  return info.subjectPublicKey.valueBlock.valueHexView;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
