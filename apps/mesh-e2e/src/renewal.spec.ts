import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSource } from './manifest-edits.ts';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { sleep, until } from './waiting.ts';

// Certificates that live eight seconds, under traffic for several of their lives.

const clients = ['client-1', 'client-2', 'client-3'];
const validitySeconds = 8;

describe('leaf certificates', () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh('resilience', 1, {
      'certificate-manager': ['--min-validity', '1s'],
      'xds-server': ['--cert-validity', `${validitySeconds}s`],
    });
    await until('traffic flows', 20_000, () => clients.every((client) => mesh.sent(client) > 0));
  }, 120_000);
  afterAll(() => mesh.close(), 60_000);

  it('are renewed before they end, and no request fails', async () => {
    const since = Date.now();
    const first = await Promise.all(clients.map((client) => identityOf(mesh, client)));
    await sleep(3 * validitySeconds * 1000);
    const last = await Promise.all(clients.map((client) => identityOf(mesh, client)));
    for (const [index, certificate] of last.entries()) {
      expect(certificate.serialNumber).not.toBe(first[index]?.serialNumber);
      expect(new Date(certificate.validTo).getTime()).toBeGreaterThan(Date.now());
    }
    expect(clients.flatMap((client) => mesh.failures(client, since))).toEqual([]);
    expect(mesh.sent('client-1')).toBeGreaterThan(100);
  }, 60_000);

  it('are accepted on new connections long after the first ones have ended', async () => {
    expect(mesh.outcome('late').outcome).not.toBe('200');
    mesh.edit((text) => addSource(text, 'late'));
    await until('the new client is served', 10_000, () => mesh.outcome('late').outcome === '200');
  }, 30_000);
});

/** The certificate that the pod's proxy presents, from its admin interface. */
async function identityOf(mesh: TestMesh, deployment: string): Promise<X509Certificate> {
  const dump = await mesh.admin(deployment, '/config_dump?resource=dynamic_active_secrets');
  const { configs } = JSON.parse(dump) as { readonly configs: readonly ActiveSecret[] };
  const identity = configs.find(({ name }) => name === 'identity');
  const chain = identity?.secret.tls_certificate?.certificate_chain.inline_bytes ?? '';
  return new X509Certificate(Buffer.from(chain, 'base64'));
}

interface ActiveSecret {
  readonly name: string;
  readonly secret: {
    readonly tls_certificate?: { readonly certificate_chain: { readonly inline_bytes: string } };
  };
}
