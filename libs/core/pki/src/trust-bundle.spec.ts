import { describe, expect, it } from 'vitest';
import { encodePem } from './pem.ts';
import { trustBundleId } from './trust-bundle.ts';

const a = encodePem('CERTIFICATE', new Uint8Array([1, 2]));
const b = encodePem('CERTIFICATE', new Uint8Array([3]));

async function idOf(roots: readonly string[]): Promise<string> {
  const id = await trustBundleId(roots);
  if (id.kind === 'error') throw id.error;
  return id.value;
}

describe('trustBundleId', () => {
  it('is a SHA-256 in hex', async () => {
    expect(await idOf([a])).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same for another spelling of the same roots', async () => {
    expect(await idOf([`a comment\n${a.replaceAll('\n', '\r\n')}`, b])).toBe(await idOf([a + b]));
  });

  it('differs by content and by order', async () => {
    const ids = await Promise.all([[a], [b], [a, b], [b, a], []].map(idOf));
    expect(new Set(ids).size).toBe(5);
  });

  it('fails for a root that is no PEM', async () => {
    expect((await trustBundleId(['x'])).kind).toBe('error');
  });
});
