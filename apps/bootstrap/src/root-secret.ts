import { createKeyPair, createRootCertificate, exportPrivateKeyPem } from '@osm/pki';
import type { Secrets } from './secrets.ts';

/**
 * Makes the root of the mesh unless there is one, under OSM's names: `ca.crt` and `private.key`. A root that is there stays, so a mesh
 * that is installed anew accepts the pods of the one before.
 *
 * @returns Whether it was made.
 */
export async function bootstrapRoot(
  secrets: Secrets,
  name: string,
  nowMs: number,
): Promise<boolean> {
  if ((await secrets.read(name)) !== undefined) return false;
  const pair = await createKeyPair();
  const key = await exportPrivateKeyPem(pair);
  const texts = new Map([
    ['ca.crt', await createRootCertificate({ pair, nowMs })],
    ['private.key', key.reveal()],
  ]);
  return secrets.create(name, texts);
}
