import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program, textFile, type ImageFile } from './image-file.ts';

/** The runtime of the images, from its npm package; newer than what the sources need, because Node 20 has ended. */
export const nodeVersion = '24.21.0';

/** Node with its libraries, and the two files without which programs wonder who they are. */
export function nodeRuntime(cacheDirectory: string): readonly ImageFile[] {
  return [...program(nodeBinary(cacheDirectory), '/usr/local/bin/node'), ...identityFiles];
}

/** Users of the images: nobody special, and root's name. */
export const identityFiles: readonly ImageFile[] = [
  textFile(
    '/etc/passwd',
    'root:x:0:0:root:/:/sbin/nologin\nosm:x:65532:65532:osm:/:/sbin/nologin\n',
  ),
  textFile('/etc/group', 'root:x:0:\nosm:x:65532:\n'),
  { kind: 'directory', path: '/tmp', mode: 0o1777 },
];

/** The binary, fetched from the npm registry once. */
function nodeBinary(cacheDirectory: string): string {
  const name = `node-linux-${process.arch}`;
  const binary = join(cacheDirectory, `${name}-${nodeVersion}`);
  if (existsSync(binary)) return binary;
  const draft = mkdtempSync(join(tmpdir(), 'osm-node-'));
  try {
    const npm = ['pack', '--silent', '--json', `${name}@${nodeVersion}`];
    const packed = JSON.parse(
      execFileSync('npm', npm, { cwd: draft, encoding: 'utf8' }),
    ) as readonly {
      readonly filename: string;
    }[];
    const archive = packed[0]?.filename ?? '';
    execFileSync('tar', ['-xzf', archive, 'package/bin/node'], { cwd: draft });
    mkdirSync(cacheDirectory, { recursive: true });
    // Another build may have put it there meanwhile: the same file.
    const own = `${binary}.${process.pid}`;
    execFileSync('cp', [join(draft, 'package/bin/node'), own]);
    renameSync(own, binary);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return binary;
}
