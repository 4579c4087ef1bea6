import { MeshError } from '@osm/prelude';
import { secretText } from '@osm/pki';
import { silentLogger } from '@osm/bus/testing';
import { createMetrics } from '@osm/telemetry';
import { createFakeClock } from '@osm/testkit';
import { recordsOf } from '@osm/xds';
import { describe, expect, it, vi } from 'vitest';
import type { IssuedCertificate } from './certificate-source.ts';
import { createIdentitySecrets } from './identity-secrets.ts';
import { createXdsMetrics } from './metrics.ts';

const buyer = { namespace: 'shop', serviceAccount: 'buyer' };
const trust = { id: 'bundle-1', trustDomain: 'cluster.local', rootsPem: ['root'] };
const lifeMs = 30_000;

/** A store whose certificates come when the test says so. */
function setUp() {
  const clock = createFakeClock(1_000_000);
  const asked: { answer: () => void; fail: () => void }[] = [];
  const changes: string[] = [];
  const secrets = createIdentitySecrets({
    source: () =>
      new Promise<IssuedCertificate>((resolve, reject) => {
        const nowMs = clock.now();
        asked.push({
          answer: () =>
            resolve({
              chainPem: `chain ${asked.length}`,
              privateKeyPem: secretText('key'),
              notBeforeMs: nowMs,
              notAfterMs: nowMs + lifeMs,
            }),
          fail: () => reject(new MeshError('bus_timeout', 'no answer')),
        });
      }),
    validityMs: lifeMs,
    clock,
    random: { next: () => 0 },
    log: silentLogger,
    metrics: createXdsMetrics(createMetrics()),
    onChange: (identities) =>
      changes.push(...identities.map((identity) => identity.serviceAccount)),
  });
  return { clock, asked, changes, secrets };
}

const versionOf = (secrets: ReturnType<typeof setUp>['secrets']): string[] | undefined => {
  const node = secrets.node(buyer);
  return node && recordsOf(node, 'secret').map(({ name, version }) => `${name} ${version}`);
};

describe('createIdentitySecrets', () => {
  it('has secrets once both certificate and trust are there', async () => {
    const { asked, changes, secrets } = setUp();
    secrets.attach(buyer);
    asked[0]?.answer();
    await vi.waitFor(() => expect(changes).toEqual(['buyer']));
    expect(secrets.node(buyer)).toBeUndefined();
    secrets.setTrust(trust);
    expect(changes).toEqual(['buyer', 'buyer']);
    expect(versionOf(secrets)).toEqual([
      expect.stringMatching(/^identity [0-9a-f]{16}$/),
      'trust bundle-1',
    ]);
  });

  it('renews at two thirds of the life, with another key, and keeps the old one until then', async () => {
    const { clock, asked, changes, secrets } = setUp();
    secrets.setTrust(trust);
    secrets.attach(buyer);
    asked[0]?.answer();
    await vi.waitFor(() => expect(changes).toHaveLength(1));
    const first = versionOf(secrets);
    clock.advance((lifeMs * 2) / 3 - 1);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(asked).toHaveLength(2);
    expect(versionOf(secrets)).toEqual(first);
    asked[1]?.answer();
    await vi.waitFor(() => expect(changes).toHaveLength(2));
    expect(versionOf(secrets)).not.toEqual(first);
  });

  it('tries again later after a failure, and at once when told', async () => {
    const { clock, asked, secrets } = setUp();
    secrets.attach(buyer);
    asked[0]?.fail();
    await vi.waitFor(() => {
      clock.advance(200);
      expect(asked).toHaveLength(2);
    });
    asked[1]?.fail();
    await vi.waitFor(() => {
      secrets.retryNow();
      expect(asked).toHaveLength(3);
    });
  });

  it('forgets the key with the last stream, and what is still on its way', async () => {
    const { asked, changes, secrets } = setUp();
    secrets.setTrust(trust);
    secrets.attach(buyer);
    secrets.attach(buyer);
    secrets.detach(buyer);
    expect(asked).toHaveLength(1);
    secrets.detach(buyer);
    asked[0]?.answer();
    secrets.attach(buyer);
    expect(asked).toHaveLength(2);
    asked[1]?.answer();
    await vi.waitFor(() => expect(changes).toEqual(['buyer']));
  });

  it('has no more than 64 requests under way', () => {
    const { asked, secrets } = setUp();
    for (let i = 0; i < 100; i++) secrets.attach({ namespace: 'shop', serviceAccount: `s${i}` });
    expect(asked).toHaveLength(64);
  });
});
