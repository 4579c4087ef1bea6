import { MeshError } from '@osm/prelude';
import { nkeys } from 'nats';

/** A key pair of one service: the seed is secret, the public key goes into the server's configuration. */
export interface ServiceKey {
  readonly publicKey: string;
  readonly seed: string;
}

/** Makes a new key pair. */
export function createServiceKey(): ServiceKey {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}

/** The public key of a seed. */
export function publicKeyOf(seed: Uint8Array): string {
  return nkeys.fromSeed(seed).getPublicKey();
}

/** Text of a credentials file: the nkey seed on a line of its own. */
export function renderCredentials(service: string, seed: string): string {
  return `# Secret key of ${service} for the bus.\n${seed}\n`;
}

/** Reads a credentials file: empty lines and lines that begin with # aside, one line with the seed. */
export function parseSeed(text: string, file: string): Uint8Array {
  const lines = text.split('\n').map((line) => line.trim());
  const [seed, more] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (seed === undefined || more !== undefined || !/^SU[A-Z2-7]{56}$/.test(seed)) {
    throw new MeshError(
      'invalid_config',
      `${file} is not a credentials file: it must have one line with a NATS user seed (SU...)`,
    );
  }
  return new TextEncoder().encode(seed);
}
