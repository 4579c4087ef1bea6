import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes the pod's directory with the files that stand in for those of /etc. */
export function writePodFiles(directory: string, hostname: string, hosts: string): void {
  mkdirSync(join(directory, 'etc'), { recursive: true, mode: 0o755 });
  mkdirSync(join(directory, 'logs'), { recursive: true });
  replaceFile(join(directory, 'etc/hostname'), `${hostname}\n`);
  // Names come from the hosts file alone, so an unknown one is known to be unknown at once. Programs that ask a DNS server on their
  // own find none listening, which is as fast.
  replaceFile(join(directory, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files\n');
  replaceFile(
    join(directory, 'etc/resolv.conf'),
    'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n',
  );
  writeHosts(directory, hosts);
}

export function writeHosts(directory: string, hosts: string): void {
  replaceFile(join(directory, 'etc/hosts'), hosts);
}

/** Writes a file so that readers see the old or the new content, never a part. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.next`, text, { mode: 0o644 });
  renameSync(`${path}.next`, path);
}
