import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { updateBusFiles, type BusFiles, type BusStep } from './bus-files.ts';

const dayMs = 24 * 3_600_000;
const begin = Date.UTC(2030, 0, 1);

const step = (files: BusFiles, what: BusStep, days = 0, hosts = ['nats']): Promise<BusFiles> =>
  updateBusFiles(files, {
    step: what,
    hosts,
    serverDirectory: '/etc/nats',
    storeDir: '/data',
    nowMs: begin + days * dayMs,
  });
const keysIn = (files: BusFiles): number =>
  (files.get('server/nats.conf') ?? '').split('nkey: ').length - 1;
const rootsIn = (text: string | undefined): number => (text ?? '').split('BEGIN CERT').length - 1;

describe('updateBusFiles', () => {
  it('makes everything once, and then changes nothing', async () => {
    const first = await step(new Map(), 'create');
    expect(first.size).toBe(3 + 4 + 2 * 6);
    expect(await step(first, 'create', 30)).toEqual(first);
  });

  it('renews the certificate of the server when a third of its life is left, or its names are others', async () => {
    const first = await step(new Map(), 'create');
    const changed = async (days: number, hosts?: string[]): Promise<string[]> => {
      const next = await step(first, 'create', days, hosts);
      return [...next].filter(([path, text]) => first.get(path) !== text).map(([path]) => path);
    };
    expect(await changed(240)).toEqual([]);
    expect(await changed(250)).toEqual(['server/tls.crt', 'server/tls.key']);
    expect(await changed(0, ['nats', 'nats.osm-system.svc'])).toEqual([
      'server/tls.crt',
      'server/tls.key',
    ]);
  });

  it.each([
    ['the CA was lost', (files: Map<string, string>) => void files.delete('authority/ca.crt')],
    ['its key is damaged', (files: Map<string, string>) => void files.set('server/tls.key', 'x')],
    [
      'its key is of another',
      (files: Map<string, string>, other: BusFiles) =>
        void files.set('server/tls.key', other.get('server/tls.key') ?? ''),
    ],
  ])('makes a certificate for the server that everybody trusts when %s', async (_, damage) => {
    const files = new Map(await step(new Map(), 'create'));
    damage(files, await step(new Map(), 'create'));
    const mended = await step(files, 'create');
    const certificateOf = (path: string): X509Certificate =>
      new X509Certificate(mended.get(path) ?? '');
    const server = certificateOf('server/tls.crt');
    expect(server.verify(certificateOf('services/injector/ca.crt').publicKey)).toBe(true);
    expect(server.checkPrivateKey(createPrivateKey(mended.get('server/tls.key') ?? ''))).toBe(true);
    expect(await step(mended, 'create')).toEqual(mended);
  });

  it('rotates in two steps, so that nobody meets a key or a CA that he does not know yet', async () => {
    const first = await step(new Map(), 'create');
    const both = await step(first, 'rotate');
    expect([keysIn(first), keysIn(both)]).toEqual([6, 12]);
    expect(both.get('services/injector/credentials')).not.toBe(
      first.get('services/injector/credentials'),
    );
    expect(both.get('services/injector/ca.crt')).toContain(first.get('services/injector/ca.crt'));
    expect(rootsIn(both.get('services/injector/ca.crt'))).toBe(2);
    // The new CA does not sign yet.
    expect(both.get('authority/ca.crt')).toBe(first.get('authority/ca.crt'));
    const last = await step(both, 'retire');
    expect(keysIn(last)).toBe(6);
    expect(last.get('services/injector/credentials')).toBe(
      both.get('services/injector/credentials'),
    );
    expect(last.get('authority/ca.crt')).toBe(both.get('authority/next.crt'));
    expect(last.get('services/injector/ca.crt')).toBe(last.get('authority/ca.crt'));
    expect(last.has('authority/next.crt')).toBe(false);
  });

  it('keeps two keys at most, however often one rotates', async () => {
    let files = await step(new Map(), 'create');
    for (let times = 0; times < 3; times++) files = await step(files, 'rotate');
    expect(keysIn(files)).toBe(12);
    expect(rootsIn(files.get('server/ca.crt'))).toBe(2);
  });

  it('gives secrets to nobody else', async () => {
    const files = await step(await step(new Map(), 'create'), 'rotate');
    for (const [path, text] of files) {
      if (text.includes('PRIVATE KEY')) expect(path).toMatch(/^(authority|server)\/.*\.key$/);
      if (/^SU[A-Z2-7]{56}$/m.test(text)) expect(path).toMatch(/^services\/[a-z-]+\/credentials$/);
    }
  });

  it.each([[[]], [['127.0.0.1']], [['Nats']], [['a b']]])('refuses hosts %j', async (hosts) => {
    await expect(step(new Map(), 'create', 0, hosts)).rejects.toThrow('DNS names');
  });
});
