import { CertificationRequest } from 'pkijs';
import { engine } from './engine.ts';
import type { KeyPair } from './key-pair.ts';

/**
 * A certificate signing request (PKCS#10, DER) that proves possession of the private key. It names nobody: the signer decides
 * the names from the request's subject message, never from the CSR.
 */
export async function createCsr(pair: KeyPair): Promise<Uint8Array> {
  const csr = new CertificationRequest();
  csr.version = 0;
  await csr.subjectPublicKeyInfo.importKey(pair.publicKey, engine);
  await csr.sign(pair.privateKey, 'SHA-256', engine);
  return new Uint8Array(csr.toSchema(true).toBER(false));
}
