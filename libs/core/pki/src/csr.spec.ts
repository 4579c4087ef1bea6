import { CertificationRequest } from 'pkijs';
import { describe, expect, it } from 'vitest';
import { createCsr, verifyCsr } from './csr.ts';
import { webCrypto } from './engine.ts';
import { createKeyPair, type KeyPair } from './key-pair.ts';

/** A key pair with parameters that createKeyPair does not offer. */
async function keyPairOf(algorithm: object): Promise<KeyPair> {
  const usages = ['sign', 'verify'] as const;
  const { subtle } = webCrypto;
  return (await subtle.generateKey(algorithm as never, true, [...usages])) as KeyPair;
}

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};

describe('verifyCsr', () => {
  it.each([
    ['ECDSA P-256', { kind: 'ecdsa-p256' } as const],
    ['RSA 2048', { kind: 'rsa', bits: 2048 } as const],
  ])('accepts what createCsr makes with %s', async (_name, algorithm) => {
    const csr = await createCsr(await createKeyPair(algorithm));
    expect((await verifyCsr(csr)).kind).toBe('ok');
  });

  it('accepts ECDSA P-384', async () => {
    const pair = await keyPairOf({ name: 'ECDSA', namedCurve: 'P-384' });
    expect((await verifyCsr(await createCsr(pair))).kind).toBe('ok');
  });

  it.each([
    [{ ...rsa, modulusLength: 1024 }, 'an RSA key of 1024 bits is not accepted: use 2048 to 4096'],
    [
      { name: 'ECDSA', namedCurve: 'P-521' },
      'elliptic curve 1.3.132.0.35 is not accepted: use P-256 or P-384',
    ],
  ])('refuses a key it does not accept, naming what is wrong', async (algorithm, message) => {
    const csr = await createCsr(await keyPairOf(algorithm));
    expect(await verifyCsr(csr)).toMatchObject({ error: { message } });
  });

  it('refuses a key that the sender does not have', async () => {
    const csr = CertificationRequest.fromBER(
      Uint8Array.from(await createCsr(await createKeyPair())).buffer,
    );
    await csr.subjectPublicKeyInfo.importKey((await createKeyPair()).publicKey);
    const forged = new Uint8Array(csr.toSchema(true).toBER(false));
    expect(await verifyCsr(forged)).toMatchObject({
      error: { message: 'the signature of the CSR does not match its key' },
    });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['noise', new Uint8Array(200).fill(0x30)],
    ['too much', new Uint8Array(10_000)],
  ])('refuses %s', async (_what, bytes) => {
    expect((await verifyCsr(bytes)).kind).toBe('error');
  });
});
