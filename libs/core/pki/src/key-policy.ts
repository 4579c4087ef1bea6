import { RSAPublicKey, type PublicKeyInfo } from 'pkijs';

/** Object identifiers of keys and curves: RFC 5480, RFC 8017. */
const oid = {
  ecPublicKey: '1.2.840.10045.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
} as const;

const rsaBits = { min: 2048, max: 4096 } as const;

/** The kind of a public key that the mesh accepts, with what WebCrypto needs to import its private half. */
export type PublicKeyKind =
  | {
      readonly kind: 'ecdsa';
      readonly namedCurve: 'P-256' | 'P-384';
      readonly hash: 'SHA-256' | 'SHA-384';
    }
  | { readonly kind: 'rsa'; readonly bits: number };

/** Tells what kind of key this is; a text says why it is not accepted. */
export function publicKeyKind(info: PublicKeyInfo): PublicKeyKind | string {
  switch (info.algorithm.algorithmId) {
    case oid.ecPublicKey: {
      const curve: unknown = info.algorithm.algorithmParams?.valueBlock?.toString();
      if (curve === oid.p256) return { kind: 'ecdsa', namedCurve: 'P-256', hash: 'SHA-256' };
      if (curve === oid.p384) return { kind: 'ecdsa', namedCurve: 'P-384', hash: 'SHA-384' };
      return `elliptic curve ${String(curve)} is not accepted: use P-256 or P-384`;
    }
    case oid.rsaEncryption: {
      const key = info.parsedKey;
      if (!(key instanceof RSAPublicKey)) return 'the RSA key cannot be read';
      const bits = bitLength(key.modulus.valueBlock.valueHexView);
      if (bits >= rsaBits.min && bits <= rsaBits.max) return { kind: 'rsa', bits };
      return `an RSA key of ${bits} bits is not accepted: use ${rsaBits.min} to ${rsaBits.max}`;
    }
    default:
      return `key type ${info.algorithm.algorithmId} is not accepted: use ECDSA P-256, P-384 or RSA`;
  }
}

/** Why a key is not accepted; undefined when it is. */
export function publicKeyProblem(info: PublicKeyInfo): string | undefined {
  const kind = publicKeyKind(info);
  return typeof kind === 'string' ? kind : undefined;
}

function bitLength(bigEndian: Uint8Array): number {
  const first = bigEndian.findIndex((byte) => byte !== 0);
  if (first < 0) return 0;
  return (bigEndian.length - first - 1) * 8 + (32 - Math.clz32(bigEndian[first] ?? 0));
}
