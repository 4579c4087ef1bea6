import { Certificate, type Extension, type PublicKeyInfo } from 'pkijs';
import { err, invariant, MeshError, ok, type Result } from '@osm/prelude';
import { certificateFacts, parseCertificatePem, type CertificateFacts } from './certificate.ts';
import type { VerifiedCsr } from './csr.ts';
import { engine, engineForKey, webCrypto } from './engine.ts';
import { publicKeyKind, type PublicKeyKind } from './key-policy.ts';
import { decodePem, encodePem } from './pem.ts';
import {
  certificateTime,
  leafName,
  serialNumber,
  sharedLeafExtensions,
  subjectAltNameExtension,
} from './profile.ts';
import type { KeyPair } from './key-pair.ts';
import { publicKeyId } from './root.ts';
import type { SecretText } from './secret-text.ts';
import type { CertificateNames } from './subject.ts';
import { validateIssued } from './validate-issued.ts';
import type { Validity } from './validity.ts';

/** One certificate to be signed. */
export interface LeafRequest {
  readonly csr: VerifiedCsr;
  readonly names: CertificateNames;
  readonly validity: Validity;
}

/** A certificate that was signed. */
export interface IssuedLeaf extends Validity {
  /** The leaf alone: the root above it is in the trust bundle. */
  readonly certificatePem: string;
}

/** A root with its private key inside WebCrypto: read and imported once. */
export interface Issuer {
  readonly certificatePem: string;
  readonly facts: CertificateFacts;
  /** Signs and then reads back what was signed, as a peer would. Fails with `invalid_certificate` if that disagrees. */
  readonly signLeaf: (request: LeafRequest) => Promise<IssuedLeaf>;
}

/** A root as stored. */
export interface IssuerFiles {
  readonly certificatePem: string;
  readonly privateKeyPem: SecretText;
}

/** Why a stored root cannot sign, and which of its two files is to blame. */
export interface IssuerProblem {
  readonly part: 'certificate' | 'privateKey' | 'pair';
  readonly message: string;
}

/**
 * Reads a root and its key, checks that they belong together and that the certificate may sign. ECDSA P-256, P-384 and RSA
 * keys are accepted, so that a root made by OSM goes on signing.
 */
export async function loadIssuer(files: IssuerFiles): Promise<Result<Issuer, IssuerProblem>> {
  const certificate = parseCertificatePem(files.certificatePem);
  if (certificate.kind === 'error') return problem('certificate', certificate.error.message);
  const facts = certificateFacts(certificate.value);
  if (!facts.isAuthority) return problem('certificate', 'it is not a certificate authority');
  const kind = publicKeyKind(certificate.value.subjectPublicKeyInfo);
  if (typeof kind === 'string') return problem('certificate', kind);
  const blocks = decodePem('PRIVATE KEY', files.privateKeyPem.reveal());
  if (blocks.kind === 'error') return problem('privateKey', `${blocks.error.message} (PKCS#8)`);
  const keys = await importKeys(certificate.value, kind, blocks.value[0] ?? new Uint8Array());
  if (keys === undefined)
    return problem('privateKey', `it is not a PKCS#8 key of type ${kind.kind}, as the certificate`);
  if (!(await belongTogether(keys, kind)))
    return problem('pair', 'the private key does not belong to the certificate');
  const der = new Uint8Array(certificate.value.toSchema(false).toBER(false));
  return ok(
    createIssuer({
      certificate: certificate.value,
      certificatePem: encodePem('CERTIFICATE', der),
      facts,
      kind,
      keys,
      keyId: await publicKeyId(certificate.value),
    }),
  );
}

async function importKeys(
  certificate: Certificate,
  kind: PublicKeyKind,
  pkcs8: Uint8Array,
): Promise<KeyPair | undefined> {
  const parameters =
    kind.kind === 'ecdsa'
      ? { name: 'ECDSA', namedCurve: kind.namedCurve }
      : { name: 'RSASSA-PKCS1-v1_5', hash: hashOf(kind) };
  const spki = certificate.subjectPublicKeyInfo.toSchema().toBER(false);
  const { subtle } = webCrypto;
  try {
    return {
      privateKey: await subtle.importKey('pkcs8', Uint8Array.from(pkcs8), parameters, false, [
        'sign',
      ]),
      publicKey: await subtle.importKey('spki', spki, parameters, false, ['verify']),
    };
  } catch {
    return undefined;
  }
}

async function belongTogether(keys: KeyPair, kind: PublicKeyKind): Promise<boolean> {
  const operation = { name: keys.privateKey.algorithm.name, hash: hashOf(kind) };
  const probe = webCrypto.getRandomValues(new Uint8Array(32));
  const proof = await webCrypto.subtle.sign(operation, keys.privateKey, probe);
  return webCrypto.subtle.verify(operation, keys.publicKey, proof, probe);
}

function problem(part: IssuerProblem['part'], message: string): Result<never, IssuerProblem> {
  return err({ part, message });
}

interface LoadedIssuer {
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly facts: CertificateFacts;
  readonly kind: PublicKeyKind;
  readonly keys: KeyPair;
  readonly keyId: ArrayBuffer;
}

function createIssuer(loaded: LoadedIssuer): Issuer {
  // Encoded once: they are the same in every leaf.
  const shared: Record<PublicKeyKind['kind'], Extension[]> = {
    ecdsa: sharedLeafExtensions('ecdsa', loaded.keyId),
    rsa: sharedLeafExtensions('rsa', loaded.keyId),
  };
  const verifier = engineForKey(loaded.keys.publicKey);
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
      await leaf.sign(loaded.keys.privateKey, hashOf(loaded.kind), engine);
      const der = new Uint8Array(leaf.toSchema(true).toBER(false));
      const wrong = await validateIssued(der, {
        issuer: loaded.certificate,
        verifier,
        publicKeyInfo: csr.publicKeyInfo,
        names,
        validity,
      });
      if (wrong !== undefined)
        throw new MeshError('invalid_certificate', `a signed certificate is wrong: ${wrong}`);
      return { certificatePem: encodePem('CERTIFICATE', der), ...validity };
    },
  };
}

function hashOf(kind: PublicKeyKind): 'SHA-256' | 'SHA-384' {
  return kind.kind === 'ecdsa' ? kind.hash : 'SHA-256';
}
