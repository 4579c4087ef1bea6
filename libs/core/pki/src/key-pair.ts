import { err, MeshError, ok, type Result } from '@osm/prelude';
import { decodePem, encodePem } from './pem.ts';
import { secretText, type SecretText } from './secret-text.ts';
import { webCrypto, type WebCryptoKey } from './engine.ts';

/** What a key is made with. ECDSA on P-256 unless the mesh asks for RSA (MeshConfig certKeyBitSize). */
export type KeyAlgorithm =
  { readonly kind: 'ecdsa-p256' } | { readonly kind: 'rsa'; readonly bits: 2048 | 3072 | 4096 };

/** A private key, and the public one that belongs to it. */
export interface KeyPair {
  readonly privateKey: WebCryptoKey;
  readonly publicKey: WebCryptoKey;
}

/** Parameters of ECDSA P-256, for WebCrypto. */
const ecdsaP256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** Makes a key pair. The private key can be exported: Envoy gets it as PEM. */
export async function createKeyPair(
  algorithm: KeyAlgorithm = { kind: 'ecdsa-p256' },
): Promise<KeyPair> {
  const { privateKey, publicKey } = (await webCrypto.subtle.generateKey(
    parametersOf(algorithm),
    true,
    ['sign', 'verify'],
  )) as KeyPair;
  return { privateKey, publicKey };
}

function parametersOf(algorithm: KeyAlgorithm) {
  switch (algorithm.kind) {
    case 'ecdsa-p256':
      return ecdsaP256;
    case 'rsa':
      return {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: algorithm.bits,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      };
  }
}

/** The private key as PKCS#8 PEM (`PRIVATE KEY`), as Envoy and OSM's Secrets want it. */
export async function exportPrivateKeyPem(pair: KeyPair): Promise<SecretText> {
  const der = await webCrypto.subtle.exportKey('pkcs8', pair.privateKey);
  return secretText(encodePem('PRIVATE KEY', new Uint8Array(der)));
}

/** Reads a private key of ECDSA P-256 from PKCS#8 PEM, and computes its public half. Fails with `invalid_certificate`. */
export async function importKeyPair(
  privateKeyPem: SecretText,
): Promise<Result<KeyPair, MeshError>> {
  const blocks = decodePem('PRIVATE KEY', privateKeyPem.reveal());
  if (blocks.kind === 'error') return blocks;
  const { subtle } = webCrypto;
  try {
    const der = Uint8Array.from(blocks.value[0] ?? []);
    const privateKey = await subtle.importKey('pkcs8', der, ecdsaP256, true, ['sign']);
    const { kty = '', crv = '', x = '', y = '' } = await subtle.exportKey('jwk', privateKey);
    const publicKey = await subtle.importKey('jwk', { kty, crv, x, y }, ecdsaP256, true, [
      'verify',
    ]);
    return ok({ privateKey, publicKey });
  } catch (cause) {
    const message = 'not a PKCS#8 private key of ECDSA P-256';
    return err(new MeshError('invalid_certificate', message, { cause }));
  }
}
