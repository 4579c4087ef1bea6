import { err, MeshError, ok, type Result } from '@osm/prelude';
import type { SignedRequest } from '@osm/proto-mesh';
import { SignRequest, type CertificateSubject } from '@osm/proto-mesh';
import { createCsr, parseCsr } from './csr.ts';
import { engine, webCrypto } from './engine.ts';
import type { KeyPair } from './key-pair.ts';

/** What is asked of the certificate manager for a key that was made for it. */
export interface SigningQuestion {
  readonly pair: KeyPair;
  readonly subject: CertificateSubject;
  /** 0 = what the certificate manager gives. */
  readonly validityMs: number;
  /** The service that asks, as the bus knows it. */
  readonly asker: string;
  readonly nowMs: number;
}

/** Tells this signature from every other one that the key makes, that of the CSR among them. */
const context = new TextEncoder().encode('osm.trust.v1.SignedRequest\0');
const nonceBytes = 16;
/** Far above any question with an allowed key. */
const requestBytesMax = 16_384;

/** Makes the CSR and puts all that is asked under a signature of the same key (proto/osm/trust/v1/trust.proto). */
export async function sealSignRequest(question: SigningQuestion): Promise<SignedRequest> {
  const { pair, subject, validityMs, asker, nowMs } = question;
  const request = SignRequest.encode({
    csrDer: (await createCsr(pair)) as Buffer,
    subject,
    validityMs,
    asker,
    askedAtMs: nowMs,
    nonce: webCrypto.getRandomValues(new Uint8Array(nonceBytes)) as Buffer,
  }).finish();
  const { name } = pair.privateKey.algorithm;
  const signature = await webCrypto.subtle.sign(
    { name, hash: 'SHA-256' },
    pair.privateKey,
    signedBytes(request),
  );
  return { request: request as Buffer, signature: new Uint8Array(signature) as Buffer };
}

/** Reads a question without looking at its signature: cheap, for what can be refused without it. Fails with `invalid_certificate`. */
export function readSignRequest(signed: SignedRequest): Result<SignRequest, MeshError> {
  if (signed.request.length > requestBytesMax)
    return invalid(`the request has ${signed.request.length} bytes, more than ${requestBytesMax}`);
  try {
    return ok(SignRequest.decode(signed.request));
  } catch (cause) {
    return invalid('the request is not a SignRequest', cause);
  }
}

/**
 * Reads a question whose signature was made by the key of its CSR; fails with `invalid_certificate`. Whether the asker, the time and the
 * nonce are acceptable is the caller's to say.
 */
export async function openSignRequest(
  signed: SignedRequest,
): Promise<Result<SignRequest, MeshError>> {
  const read = readSignRequest(signed);
  if (read.kind === 'error') return read;
  const request = read.value;
  if (request.nonce.length !== nonceBytes)
    return invalid(`the nonce must have ${nonceBytes} bytes`);
  const csr = parseCsr(request.csrDer);
  if (csr.kind === 'error') return csr;
  try {
    const key = await csr.value.getPublicKey(undefined, engine);
    const { name } = key.algorithm;
    const signature = Uint8Array.from(signed.signature);
    const isGood = await webCrypto.subtle.verify(
      { name, hash: 'SHA-256' },
      key,
      signature,
      signedBytes(signed.request),
    );
    return isGood ? ok(request) : invalid('the request is not signed by the key of its CSR');
  } catch (cause) {
    return invalid('the signature of the request cannot be verified', cause);
  }
}

function signedBytes(request: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(context.length + request.length);
  bytes.set(context);
  bytes.set(request, context.length);
  return bytes;
}

function invalid(message: string, cause?: unknown): Result<never, MeshError> {
  return err(new MeshError('invalid_certificate', message, { cause }));
}
