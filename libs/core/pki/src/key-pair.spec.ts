import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyPair, exportPrivateKeyPem, importKeyPair } from './key-pair.ts';
import { webCrypto } from './engine.ts';
import { secretText } from './secret-text.ts';

describe('createKeyPair', () => {
  it('makes ECDSA P-256 unless asked, exported as PKCS#8', async () => {
    const pem = await exportPrivateKeyPem(await createKeyPair());
    expect(pem.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const key = createPrivateKey(pem.reveal());
    expect(key.asymmetricKeyType).toBe('ec');
    expect(key.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  });

  it('makes RSA of the wanted size', async () => {
    const pem = await exportPrivateKeyPem(await createKeyPair({ kind: 'rsa', bits: 3072 }));
    expect(createPrivateKey(pem.reveal()).asymmetricKeyDetails).toMatchObject({
      modulusLength: 3072,
    });
  });
});

describe('importKeyPair', () => {
  it('finds the public half of a stored key', async () => {
    const pem = await exportPrivateKeyPem(await createKeyPair());
    const pair = await importKeyPair(pem);
    if (pair.kind === 'error') throw pair.error;
    const spki = await webCrypto.subtle.exportKey('spki', pair.value.publicKey);
    const expected = createPublicKey(pem.reveal()).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(spki)).toEqual(expected);
  });

  it.each(['', 'no PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
    'refuses %j',
    async (text) => {
      expect((await importKeyPair(secretText(text))).kind).toBe('error');
    },
  );

  it('refuses an RSA key: roots made here are ECDSA', async () => {
    const rsa = await exportPrivateKeyPem(await createKeyPair({ kind: 'rsa', bits: 2048 }));
    expect(await importKeyPair(rsa)).toMatchObject({
      error: { message: 'not a PKCS#8 private key of ECDSA P-256' },
    });
  });
});
