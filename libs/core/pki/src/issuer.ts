import { Certificate, type Extension, type PublicKeyInfo } from 'pkijs';
import { err, invariant, MeshError, ok, type Result } from '@osm/prelude';
import { certificateFacts, parseCertificatePem, type CertificateFacts } from './certificate.ts';
import type { VerifiedCsr } from './csr.ts';
import { engine, engineForKey, webCrypto, type WebCryptoKey } from './engine.ts';
import { publicKeyKind, type PublicKeyKind } from './key-policy.ts';
import { decodePem, encodePem } from './pem.ts';
import {
  certificateTime,
  leafName,
  serialNumber,
  sharedLeafExtensions,
  subjectAltNameExtension,
} from './profile.ts';
import { publicKeyId, type RootFiles } from './root.ts';
import type { CertificateNames } from './subject.ts';
import { validateIssued } from './validate-issued.ts';
import type { Validity } from './validity.ts';

/** One certificate to be signed. */
export interface LeafRequest {
  readonly csr: VerifiedCsr;
  readonly names: CertificateNames;
  readonly validity: Validity;
}

export interface IssuedLeaf extends Validity {
  /** The leaf alone: the root above it is in the trust bundle. */
  readonly certificatePem: string;
}

/** A root with its private key inside WebCrypto, read once. */
export interface Issuer {
  readonly certificatePem: string;
  readonly facts: CertificateFacts;
  /** Signs and then reads back what was signed, as a peer would. Fails with `invalid_certificate` if that disagrees. */
  readonly signLeaf: (request: LeafRequest) => Promise<IssuedLeaf>;
}

/**
 * Reads a root and its key, checks that they belong together and that the certificate may sign. ECDSA P-256, P-384 and RSA
 * keys are accepted, so that a root made by OSM goes on signing.
 */
export async function loadIssuer(files: RootFiles): Promise<Result<Issuer, MeshError>> {
  const parsed = parseCertificatePem(files.certificatePem);
  if (parsed.kind === 'error') return parsed;
  const certificate = parsed.value;
  const facts = certificateFacts(certificate);
  if (!facts.isAuthority)
    return err(invalid('the certificate is not one of a certificate authority'));
  const kind = publicKeyKind(certificate.subjectPublicKeyInfo);
  if (typeof kind === 'string') return err(invalid(kind));
  const keyDer = decodePem('PRIVATE KEY', files.privateKeyPem.reveal());
  if (keyDer.kind === 'error')
    return err(invalid(`the private key: ${keyDer.error.message} (PKCS#8)`));
  try {
    const key = importParameters(kind);
    const [pkcs8] = keyDer.value;
    const spki = certificate.subjectPublicKeyInfo.toSchema().toBER(false);
    const { subtle } = webCrypto;
    const privateKey = await subtle.importKey('pkcs8', Uint8Array.from(pkcs8 ?? []), key, false, [
      'sign',
    ]);
    const publicKey = await subtle.importKey('spki', spki, key, false, ['verify']);
    const probe = webCrypto.getRandomValues(new Uint8Array(32));
    const operation = { name: key.name, hash: hashOf(kind) };
    const proof = await subtle.sign(operation, privateKey, probe);
    if (!(await subtle.verify(operation, publicKey, proof, probe)))
      return err(invalid('the private key does not belong to the certificate'));
    const certificatePem = encodePem(
      'CERTIFICATE',
      new Uint8Array(certificate.toSchema(false).toBER(false)),
    );
    const keyId = await publicKeyId(certificate);
    return ok(
      createIssuer({ certificate, certificatePem, facts, kind, privateKey, publicKey, keyId }),
    );
  } catch (cause) {
    return err(invalid('the private key cannot be used with the certificate', cause));
  }
}

interface LoadedIssuer {
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly facts: CertificateFacts;
  readonly kind: PublicKeyKind;
  readonly privateKey: WebCryptoKey;
  readonly publicKey: WebCryptoKey;
  readonly keyId: ArrayBuffer;
}

function createIssuer(loaded: LoadedIssuer): Issuer {
  // Encoded once: they are the same in every leaf.
  const shared: Record<PublicKeyKind['kind'], Extension[]> = {
    ecdsa: sharedLeafExtensions('ecdsa', loaded.keyId),
    rsa: sharedLeafExtensions('rsa', loaded.keyId),
  };
  const verifier = engineForKey(loaded.publicKey);
  const sharedFor = (info: PublicKeyInfo): Extension[] => {
    const kind = publicKeyKind(info);
    invariant(typeof kind !== 'string', 'a verified CSR has a key of an accepted kind');
    return shared[kind.kind];
  };
  return {
    certificatePem: loaded.certificatePem,
    facts: loaded.facts,
    signLeaf: async ({ csr, names, validity }) => {
      const leaf = new Certificate();
      leaf.version = 2;
      leaf.serialNumber = serialNumber(webCrypto.getRandomValues(new Uint8Array(16)));
      leaf.issuer = loaded.certificate.subject;
      leaf.subject = leafName(names);
      leaf.notBefore = certificateTime(validity.notBeforeMs);
      leaf.notAfter = certificateTime(validity.notAfterMs);
      leaf.subjectPublicKeyInfo = csr.publicKeyInfo;
      leaf.extensions = [...sharedFor(csr.publicKeyInfo), subjectAltNameExtension(names)];
      await leaf.sign(loaded.privateKey, hashOf(loaded.kind), engine);
      const der = new Uint8Array(leaf.toSchema(true).toBER(false));
      const problem = await validateIssued(der, {
        issuer: loaded.certificate,
        verifier,
        publicKeyInfo: csr.publicKeyInfo,
        names,
        validity,
      });
      if (problem !== undefined) throw invalid(`a signed certificate is wrong: ${problem}`);
      return { certificatePem: encodePem('CERTIFICATE', der), ...validity };
    },
  };
}

function hashOf(kind: PublicKeyKind): 'SHA-256' | 'SHA-384' {
  return kind.kind === 'ecdsa' ? kind.hash : 'SHA-256';
}

function importParameters(kind: PublicKeyKind) {
  return kind.kind === 'ecdsa'
    ? { name: 'ECDSA', namedCurve: kind.namedCurve }
    : { name: 'RSASSA-PKCS1-v1_5', hash: hashOf(kind) };
}

function invalid(message: string, cause?: unknown): MeshError {
  return new MeshError('invalid_certificate', message, { cause });
}
