import { SignRequest } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { createKeyPair, type KeyAlgorithm } from './key-pair.ts';
import { openSignRequest, sealSignRequest } from './sign-request.ts';

const subject = {
  kind: {
    $case: 'workload' as const,
    value: { namespace: 'shop', serviceAccount: 'bookstore' },
  },
};

describe('a sealed request', () => {
  it.each<KeyAlgorithm>([{ kind: 'ecdsa-p256' }, { kind: 'rsa', bits: 2048 }])(
    'is opened as it was made, with a key of %o',
    async (algorithm) => {
      const pair = await createKeyPair(algorithm);
      const question = { pair, subject, validityMs: 5, asker: 'xds-server', nowMs: 7 };
      const opened = await openSignRequest(await sealSignRequest(question));
      if (opened.kind === 'error') throw opened.error;
      expect(opened.value).toMatchObject({
        subject,
        validityMs: 5,
        asker: 'xds-server',
        askedAtMs: 7,
      });
      expect(opened.value.nonce).toHaveLength(16);
    },
  );

  it('has another nonce every time', async () => {
    const pair = await createKeyPair();
    const question = { pair, subject, validityMs: 0, asker: 'xds-server', nowMs: 0 };
    const nonces = await Promise.all(
      [1, 2, 3].map(async () => {
        const { request } = await sealSignRequest(question);
        return SignRequest.decode(request).nonce.toString('hex');
      }),
    );
    expect(new Set(nonces).size).toBe(3);
  });

  it('is not opened when a bit of it is another', async () => {
    const pair = await createKeyPair();
    const question = { pair, subject, validityMs: 0, asker: 'xds-server', nowMs: 0 };
    const sealed = await sealSignRequest(question);
    for (const at of [3, 20, sealed.request.length - 1]) {
      const request = Buffer.from(sealed.request);
      request[at] = (request[at] ?? 0) ^ 1;
      expect((await openSignRequest({ ...sealed, request })).kind).toBe('error');
    }
  });
});
