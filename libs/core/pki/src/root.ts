import { Certificate } from 'pkijs';
import { engine, webCrypto } from './engine.ts';
import type { KeyPair } from './key-pair.ts';
import { encodePem } from './pem.ts';
import { certificateTime, rootExtensions, rootName, serialNumber } from './profile.ts';
import { chooseValidity } from './validity.ts';

/** Validity of the root, of proxies' and of control plane certificates: ten years, as OSM. */
export const longValidityMs = 87_600 * 3_600_000;

/** For a root that signs itself. */
export interface RootRequest {
  readonly pair: KeyPair;
  readonly nowMs: number;
  /** Ten years unless given. */
  readonly validityMs?: number;
}

/**
 * Signs a root certificate for a key pair (ECDSA P-256) with its own key; OSM's subject. OSM makes RSA 2048 roots: signing with
 * one costs several times the CPU, and nothing that verifies cares.
 */
export async function createRootCertificate(request: RootRequest): Promise<string> {
  const validity = chooseValidity({
    nowMs: request.nowMs,
    requestedMs: request.validityMs ?? 0,
    defaultMs: longValidityMs,
    minMs: 0,
    maxMs: longValidityMs,
    issuerNotAfterMs: Number.MAX_SAFE_INTEGER,
  });
  const root = new Certificate();
  root.version = 2;
  root.serialNumber = serialNumber(webCrypto.getRandomValues(new Uint8Array(16)));
  root.subject = rootName();
  root.issuer = rootName();
  root.notBefore = certificateTime(validity.notBeforeMs);
  root.notAfter = certificateTime(validity.notAfterMs);
  await root.subjectPublicKeyInfo.importKey(request.pair.publicKey, engine);
  root.extensions = rootExtensions(await publicKeyId(root));
  await root.sign(request.pair.privateKey, 'SHA-256', engine);
  return encodePem('CERTIFICATE', new Uint8Array(root.toSchema(true).toBER(false)));
}

/** @internal The key identifier of RFC 5280, 4.2.1.2, method 1: SHA-1 over the bits of the key, a name and not a protection. */
export function publicKeyId(certificate: Certificate): Promise<ArrayBuffer> {
  const bits = certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return webCrypto.subtle.digest('SHA-1', Uint8Array.from(bits));
}
