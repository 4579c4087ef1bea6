import { CertificationRequest, type PublicKeyInfo } from 'pkijs';
import { err, MeshError, ok, type Result } from '@osm/prelude';
import { engine } from './engine.ts';
import { publicKeyProblem } from './key-policy.ts';
import type { KeyPair } from './key-pair.ts';

/** A CSR whose sender has shown possession of the private key. */
export interface VerifiedCsr {
  readonly publicKeyInfo: PublicKeyInfo;
}

/** Far above any CSR with an allowed key: bounds the work that a request can cause. */
const csrBytesMax = 8192;

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

/** Reads a CSR and checks type and size of its key; the signature is not looked at. */
export function parseCsr(der: Uint8Array): Result<CertificationRequest, MeshError> {
  if (der.length > csrBytesMax)
    return err(invalid(`the CSR has ${der.length} bytes, more than ${csrBytesMax}`));
  let csr: CertificationRequest;
  try {
    csr = CertificationRequest.fromBER(Uint8Array.from(der).buffer);
  } catch (cause) {
    return err(invalid('the CSR is not PKCS#10 in DER', cause));
  }
  // The key is judged before it is used: verifying with an oversized key is slow.
  const problem = publicKeyProblem(csr.subjectPublicKeyInfo);
  return problem === undefined ? ok(csr) : err(invalid(problem));
}

/** Reads a CSR and checks type and size of its key, then the signature made with it. Names and extensions are ignored. */
export async function verifyCsr(der: Uint8Array): Promise<Result<VerifiedCsr, MeshError>> {
  const parsed = parseCsr(der);
  if (parsed.kind === 'error') return parsed;
  const csr = parsed.value;
  try {
    if (await csr.verify(engine)) return ok({ publicKeyInfo: csr.subjectPublicKeyInfo });
    return err(invalid('the signature of the CSR does not match its key'));
  } catch (cause) {
    return err(invalid('the signature of the CSR cannot be verified', cause));
  }
}

function invalid(message: string, cause?: unknown): MeshError {
  return new MeshError('invalid_certificate', message, { cause });
}
