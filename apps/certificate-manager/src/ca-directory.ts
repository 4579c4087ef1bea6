import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import {
  createKeyPair,
  createRootCertificate,
  exportPrivateKeyPem,
  importKeyPair,
  loadIssuer,
  secretText,
  type Issuer,
  type SecretText,
} from '@osm/pki';

// The keys of OSM's Secret osm-ca-bundle, so that such a Secret can be mounted here.
const certificateFile = 'ca.crt';
const keyFile = 'private.key';

/**
 * Reads the root from a directory, making it first when there is none. Any number of replicas may do so at once on the same
 * directory and all end with the same root: each file appears whole or not at all, the first one wins, and everyone reads
 * what is there. The key comes first; the certificate follows from it, so a crash between the two heals itself.
 *
 * Fails with `invalid_certificate` (naming the file and what to do) or `io`.
 */
export async function openCaDirectory(directory: string, nowMs: number): Promise<Issuer> {
  const keyPath = join(directory, keyFile);
  const certificatePath = join(directory, certificateFile);
  let certificatePem = await readIfPresent(certificatePath);
  let keyPem = await readIfPresent(keyPath);
  if (keyPem === undefined) {
    if (certificatePem !== undefined)
      throw unusable(keyPath, `it is missing beside ${certificateFile}`);
    const pem = await exportPrivateKeyPem(await createKeyPair());
    keyPem = await createOrRead(directory, keyFile, pem.reveal());
  }
  const privateKeyPem = secretText(keyPem);
  certificatePem ??= await createOrRead(
    directory,
    certificateFile,
    await certificateFor(privateKeyPem, keyPath, nowMs),
  );
  const issuer = await loadIssuer({ certificatePem, privateKeyPem });
  if (issuer.kind === 'error') {
    const { part, message } = issuer.error;
    throw unusable(part === 'privateKey' ? keyPath : certificatePath, message);
  }
  if (issuer.value.facts.notAfterMs <= nowMs)
    throw unusable(certificatePath, `it expired on ${day(issuer.value.facts.notAfterMs)}`);
  return issuer.value;
}

async function certificateFor(
  privateKeyPem: SecretText,
  keyPath: string,
  nowMs: number,
): Promise<string> {
  const pair = await importKeyPair(privateKeyPem);
  if (pair.kind === 'error')
    throw unusable(keyPath, `${certificateFile} is missing, and the key is ${pair.error.message}`);
  return createRootCertificate({ pair: pair.value, nowMs });
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    throw new MeshError('io', `cannot read ${path} (--ca-directory)`, { cause: thrown });
  }
}

/** Puts a file in its place unless one is there, and returns the text of the one that is there. */
async function createOrRead(directory: string, name: string, text: string): Promise<string> {
  const path = join(directory, name);
  const draft = join(directory, `.${name}.${randomUUID()}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      // A hard link is atomic and fails when the name is taken: unlike rename, it never replaces another replica's file.
      await link(draft, path);
      return text;
    } catch (thrown) {
      if (hasCode(thrown, 'EEXIST')) return await readFile(path, 'utf8');
      throw thrown;
    } finally {
      await unlink(draft);
    }
  } catch (thrown) {
    const message = `cannot create ${path}: the directory must be writable once (--ca-directory)`;
    throw new MeshError('io', message, { cause: thrown });
  }
}

function unusable(path: string, problem: string): MeshError {
  return new MeshError(
    'invalid_certificate',
    `${path} cannot be used: ${problem}. Restore ${certificateFile} and ${keyFile} together from a backup, or remove both to ` +
      `begin with a new root (every pod of the mesh must then be created again)`,
  );
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

function day(ms: number): string {
  return new Date(ms).toISOString();
}
