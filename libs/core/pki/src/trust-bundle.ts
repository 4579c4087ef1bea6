import { ok, type MeshError, type Result } from '@osm/prelude';
import { webCrypto } from './engine.ts';
import { decodePem } from './pem.ts';

/**
 * The id of a trust bundle: SHA-256 over the DER of its roots in order, each preceded by its length, as hex. Two spellings of
 * the same PEM have the same id; another order has another one, because the first root is the one that signs.
 */
export async function trustBundleId(
  rootsPem: readonly string[],
): Promise<Result<string, MeshError>> {
  const parts: number[] = [];
  for (const pem of rootsPem) {
    const blocks = decodePem('CERTIFICATE', pem);
    if (blocks.kind === 'error') return blocks;
    for (const der of blocks.value) parts.push(...lengthBytes(der.length), ...der);
  }
  const digest = new Uint8Array(await webCrypto.subtle.digest('SHA-256', Uint8Array.from(parts)));
  return ok(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

function lengthBytes(length: number): number[] {
  return [24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff);
}
