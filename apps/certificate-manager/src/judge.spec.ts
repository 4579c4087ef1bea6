import { createKeyPair, sealSignRequest } from '@osm/pki';
import { SignRequest, type CertificateSubject, type SignedRequest } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { sealed } from '../testing/questions.ts';
import { createJudge } from './judge.ts';
import type { KnownIdentities } from './known-identities.ts';

const nowMs = 1_700_000_000_000;
const identity = { namespace: 'shop', serviceAccount: 'bookstore' };
const workload: CertificateSubject = { kind: { $case: 'workload', value: identity } };
const proxy: CertificateSubject = {
  kind: {
    $case: 'proxy',
    value: { uuid: '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d', ...identity },
  },
};
const server = (name: string, ...dnsNames: string[]): CertificateSubject => ({
  kind: { $case: 'controlPlane', value: { name, dnsNames } },
});

function judgeWith(verdict: Awaited<ReturnType<KnownIdentities['await']>> = 'known') {
  const clock = { ms: nowMs, now: () => clock.ms };
  const identities: KnownIdentities = {
    await: () => Promise.resolve(verdict),
    follow: () => Promise.resolve(),
  };
  const judge = createJudge({ identities, clock });
  const code = async (signed: SignedRequest, asker: string): Promise<string> => {
    const judged = await judge(signed, asker);
    return judged.kind === 'ok' ? 'granted' : judged.error.code;
  };
  return { code, clock };
}

describe('a question for a certificate', () => {
  it.each([
    ['injector', 'the client certificate of a proxy', proxy, 'granted'],
    [
      'injector',
      'the certificate of its webhook',
      server('osm-injector', 'osm-injector.osm-system.svc', 'localhost'),
      'granted',
    ],
    ['injector', 'the identity of a workload', workload, 'forbidden'],
    ['injector', 'the name that proxies pin', server('ads'), 'forbidden'],
    [
      'injector',
      'the name of another webhook',
      server('osm-injector', 'osm-validator.osm-system.svc'),
      'forbidden',
    ],
    ['xds-server', 'the identity of a workload', workload, 'granted'],
    ['xds-server', 'its own name', server('ads'), 'granted'],
    ['xds-server', 'the client certificate of a proxy', proxy, 'forbidden'],
    ['xds-server', 'the name of the webhook', server('osm-injector'), 'forbidden'],
    [
      'catalog-watcher',
      'the certificate of its webhook',
      server('osm-validator', 'osm-validator.osm-system.svc', 'localhost'),
      'granted',
    ],
    [
      'catalog-watcher',
      'the name of the injector’s webhook',
      server('osm-validator', 'osm-injector.osm-system.svc'),
      'forbidden',
    ],
    ['catalog-watcher', 'the identity of a workload', workload, 'forbidden'],
    ['catalog-watcher', 'the client certificate of a proxy', proxy, 'forbidden'],
    ['policy-compiler', 'anything', workload, 'forbidden'],
  ])('of the %s for %s: %3$s', async (asker, _what, subject, outcome) => {
    const { code } = judgeWith();
    expect(await code(await sealed(asker, subject, nowMs), asker)).toBe(outcome);
  });

  it('that was captured is worth nothing to another asker, nor a second time, nor later', async () => {
    const { code, clock } = judgeWith();
    const captured = await sealed('xds-server', workload, nowMs);
    expect(await code(captured, 'injector')).toBe('invalid_proof');
    expect(await code(captured, 'xds-server')).toBe('granted');
    expect(await code(captured, 'xds-server')).toBe('replayed');
    clock.ms += 60_000;
    expect(await code(captured, 'xds-server')).toBe('replayed');
    clock.ms += 1;
    expect(await code(captured, 'xds-server')).toBe('stale');
  });

  it('is not accepted from a clock that is more than a minute ahead', async () => {
    const { code } = judgeWith();
    expect(await code(await sealed('xds-server', workload, nowMs + 60_001), 'xds-server')).toBe(
      'stale',
    );
    expect(await code(await sealed('xds-server', workload, nowMs + 60_000), 'xds-server')).toBe(
      'granted',
    );
  });

  it('cannot be changed: its key has signed every byte of it', async () => {
    const { code } = judgeWith();
    const captured = await sealed('xds-server', workload, nowMs);
    const inside = SignRequest.decode(captured.request);
    const other: CertificateSubject = {
      kind: { $case: 'workload', value: { namespace: 'shop', serviceAccount: 'bookbuyer' } },
    };
    const changes: Partial<SignRequest>[] = [
      { subject: other },
      { validityMs: 1 },
      { askedAtMs: nowMs + 1 },
      { nonce: Buffer.alloc(16) },
      { nonce: Buffer.alloc(0) },
      { asker: 'injector' },
    ];
    for (const change of changes) {
      const request = Buffer.from(SignRequest.encode({ ...inside, ...change }).finish());
      expect(await code({ ...captured, request }, 'xds-server')).toBe('invalid_proof');
    }
    const unsigned = { ...captured, signature: Buffer.alloc(0) };
    expect(await code(unsigned, 'xds-server')).toBe('invalid_proof');
    // Signed again by somebody who does not have the key that is to be certified.
    const thief = await sealSignRequest({
      pair: await createKeyPair(),
      subject: other,
      validityMs: 0,
      asker: 'xds-server',
      nowMs,
    });
    const stolen = SignRequest.decode(thief.request);
    const request = Buffer.from(SignRequest.encode({ ...stolen, csrDer: inside.csrDer }).finish());
    expect(await code({ ...thief, request }, 'xds-server')).toBe('invalid_proof');
  });

  it('of any size is refused before it costs much', async () => {
    const { code } = judgeWith();
    const request = Buffer.alloc(900_000);
    expect(await code({ request, signature: Buffer.alloc(64) }, 'xds-server')).toBe(
      'invalid_proof',
    );
    const { request: small, signature } = await sealed('xds-server', workload, nowMs);
    const inside = SignRequest.decode(small);
    const large = Buffer.from(
      SignRequest.encode({ ...inside, csrDer: Buffer.alloc(9_000) }).finish(),
    );
    expect(await code({ request: large, signature }, 'xds-server')).toBe('invalid_proof');
  });

  it('for an identity that the catalog does not have is refused, and may be asked again', async () => {
    const ask = async (verdict: 'unknown' | 'unready') =>
      judgeWith(verdict).code(await sealed('xds-server', workload, nowMs), 'xds-server');
    expect(await ask('unknown')).toBe('unknown_identity');
    expect(await ask('unready')).toBe('not_ready');
  });
});
