import { Certificate } from 'pkijs';
import { engine, webCrypto } from './engine.ts';
import { createKeyPair, exportPrivateKeyPem } from './key-pair.ts';
import { encodePem } from './pem.ts';
import { certificateTime, rootExtensions, rootName, serialNumber } from './profile.ts';
import type { SecretText } from './secret-text.ts';
import { chooseValidity } from './validity.ts';

/** A certificate and its private key, as stored. */
export interface RootFiles {
  readonly certificatePem: string;
  readonly privateKeyPem: SecretText;
}

/** Validity of the root, of proxies' and of control plane certificates: ten years, as OSM (behaviour 4.2). */
export const longValidityMs = 87_600 * 3_600_000;

/**
 * Makes a self-signed root: ECDSA P-256, OSM's subject. (OSM makes RSA 2048; signing with it costs ten times as much CPU, and
 * nothing that verifies cares.)
 */
export async function createRoot(options: {
  readonly nowMs: number;
  readonly validityMs?: number;
}): Promise<RootFiles> {
  const pair = await createKeyPair();
  const validity = chooseValidity({
    nowMs: options.nowMs,
    requestedMs: options.validityMs ?? 0,
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
  await root.subjectPublicKeyInfo.importKey(pair.publicKey, engine);
  root.extensions = rootExtensions(await publicKeyId(root));
  await root.sign(pair.privateKey, 'SHA-256', engine);
  return {
    certificatePem: encodePem('CERTIFICATE', new Uint8Array(root.toSchema(true).toBER(false))),
    privateKeyPem: await exportPrivateKeyPem(pair),
  };
}

/** @internal The key identifier of RFC 5280, 4.2.1.2, method 1: SHA-1 over the bits of the key, a name and not a protection. */
export function publicKeyId(certificate: Certificate): Promise<ArrayBuffer> {
  const bits = certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return webCrypto.subtle.digest('SHA-1', Uint8Array.from(bits));
}
