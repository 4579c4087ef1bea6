import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { digestOf } from '../src/layer.ts';

/** What a path of an image is: `755 sha256:...`, `755/` or `-> target`. */
export type Contents = Readonly<Record<string, string>>;

/** Of a folder of this machine. */
export function contentsOfFolder(folder: string, path = ''): Contents {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(folder, path))) {
    const own = `${path}/${name}`;
    const host = join(folder, own);
    const stat = lstatSync(host);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found[own] = `-> ${readlinkSync(host)}`;
    else if (stat.isDirectory())
      Object.assign(found, { [own]: `${mode}/` }, contentsOfFolder(folder, own));
    else found[own] = `${mode} ${digestOf(readFileSync(host))}`;
  }
  return found;
}

/** Of an archive, in order: layers, or the archive of an image itself. */
export async function contentsOfTar(tar: Uint8Array): Promise<Contents> {
  const found: Record<string, string> = {};
  await readTar(tar, (header, body) => {
    const path = `/${header.name.replace(/\/$/, '')}`;
    const mode = (header.mode ?? 0).toString(8);
    if (header.type === 'symlink') found[path] = `-> ${header.linkname}`;
    else found[path] = header.type === 'directory' ? `${mode}/` : `${mode} ${digestOf(body)}`;
  });
  return found;
}

/** The files of an archive by name. */
export async function filesOfTar(tar: Uint8Array): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  await readTar(tar, (header, body) => found.set(header.name, body));
  return found;
}

interface Header {
  readonly name: string;
  readonly mode?: number | undefined;
  readonly type?: string | null | undefined;
  readonly linkname?: string | null | undefined;
}

async function readTar(
  tar: Uint8Array,
  visit: (header: Header, body: Buffer) => void,
): Promise<void> {
  const entries = extract();
  Readable.from([Buffer.from(tar)]).pipe(entries);
  for await (const entry of entries) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    visit(entry.header, Buffer.concat(parts));
  }
}
