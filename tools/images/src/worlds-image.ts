import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeSelfSigned } from '@osm/playground';
import { repositoryRoot } from '@osm/services';
import { hostTree, program, type ImageFile } from './image-file.ts';

const folder = join(repositoryRoot, 'apps/mesh-e2e/worlds/image');

/** What the pods of recorded worlds run: their test program, with curl and what probes execute, and a key for its HTTPS servers. */
export function worldsFiles(): readonly ImageFile[] {
  return [
    ...hostTree(folder, '/app'),
    ...hostTree(selfSigned(), '/app'),
    ...['sh', 'cat', 'sleep'].flatMap((name) => program(`/bin/${name}`, `/bin/${name}`)),
    ...program('/usr/bin/curl', '/usr/bin/curl'),
  ];
}

/** A folder with tls.key and tls.crt, made once: the image stays the same. */
function selfSigned(): string {
  const directory = join(repositoryRoot, 'dist/worlds-tls');
  if (existsSync(join(directory, 'tls.crt'))) return directory;
  mkdirSync(directory, { recursive: true });
  writeSelfSigned(directory);
  return directory;
}
