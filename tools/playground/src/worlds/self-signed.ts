import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Key and certificate of a test server, both PEM. */
export interface SelfSigned {
  readonly key: string;
  readonly certificate: string;
}

/** For a test program that speaks TLS itself. @throws Error with openssl's words when there is none */
export function makeSelfSigned(): SelfSigned {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '-'];
  const subject = ['-days', '3650', '-subj', '/CN=test'];
  const made = spawnSync('openssl', ['req', '-x509', ...key, ...subject], { encoding: 'utf8' });
  const parts = /^([^]*?)(-----BEGIN CERT[^]*)$/.exec(made.status === 0 ? made.stdout : '');
  if (parts !== null) return { key: parts[1] ?? '', certificate: parts[2] ?? '' };
  const why = made.error?.message ?? made.stderr;
  throw new Error(`openssl is needed for a server with HTTPS: ${why}`);
}

/** The same as tls.key and tls.crt in a directory, where test programs look. */
export function writeSelfSigned(directory: string): void {
  const { key, certificate } = makeSelfSigned();
  writeFileSync(join(directory, 'tls.key'), key);
  writeFileSync(join(directory, 'tls.crt'), certificate);
}
