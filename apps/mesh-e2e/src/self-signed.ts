import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Writes tls.key and tls.crt for a server that speaks TLS itself. */
export function makeSelfSigned(directory: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', join(directory, 'tls.key'), '-out', join(directory, 'tls.crt')];
  const subject = ['-days', '3650', '-subj', '/CN=worlds-test'];
  const made = spawnSync('openssl', ['req', '-x509', ...key, ...files, ...subject], {
    encoding: 'utf8',
  });
  if (made.status === 0) return;
  throw new Error(
    `openssl is needed for a server with HTTPS: ${made.error?.message ?? made.stderr}`,
  );
}
