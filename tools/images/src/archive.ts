import {
  closeSync,
  createWriteStream,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { ImageConfig } from './images.ts';
import { digestOf, type Layer } from './layer.ts';

/** An image, ready to be put into an archive. */
export interface Image {
  /** `osm/injector:0.1.0`. */
  readonly reference: string;
  /** Digest of the configuration, which names all layers: equal ids are equal images. */
  readonly id: string;
  readonly document: Buffer;
  readonly layers: readonly Layer[];
  /** Of all its layers together, unpacked: what a node stores. */
  readonly bytes: number;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Joins layers and configuration. Nothing in it depends on when or where it was made. */
export function describeImage(
  reference: string,
  layers: readonly Layer[],
  config: ImageConfig & { readonly labels: Readonly<Record<string, string>> },
): Image {
  const created = '1970-01-01T00:00:00Z';
  const document = Buffer.from(
    JSON.stringify({
      architecture: architectures[process.arch] ?? process.arch,
      os: 'linux',
      created,
      config: {
        User: config.user,
        Entrypoint: config.entrypoint,
        Env: Object.entries(config.environment).map(([name, value]) => `${name}=${value}`),
        WorkingDir: config.workdir,
        Labels: config.labels,
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: layers.map(() => ({ created })),
    }),
  );
  const bytes = layers.reduce((sum, { tar }) => sum + tar.length, 0);
  return { reference, id: digestOf(document), document, layers, bytes };
}

/**
 * Writes images as `docker load`, `ctr images import` and others read them; a layer that several have is in it once. Says false, and
 * leaves the file alone, when it holds just these already. The file is put in place whole.
 */
export async function writeArchive(file: string, images: readonly Image[]): Promise<boolean> {
  const manifest = Buffer.from(JSON.stringify(images.map(manifestEntry)));
  if (existsSync(file) && holds(file, manifest)) return false;
  // First of all the manifest: it tells what the archive is.
  const files = new Map<string, Buffer>([['manifest.json', manifest]]);
  for (const { id, document, layers } of images) {
    files.set(configName(id), document);
    for (const { digest, tar } of layers) files.set(layerName(digest), tar);
  }
  const tar = pack();
  for (const [name, content] of files) {
    tar.entry({ name, mtime: new Date(0), uid: 0, gid: 0, mode: 0o644 }, content);
  }
  tar.finalize();
  const draft = `${file}.${process.pid}`;
  try {
    await pipeline(tar, createWriteStream(draft));
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return true;
}

function manifestEntry({ reference, id, layers }: Image): object {
  return {
    Config: configName(id),
    RepoTags: [reference],
    Layers: layers.map(({ digest }) => layerName(digest)),
  };
}

/** The archive begins with this manifest, which names all else in it by digest. */
function holds(file: string, manifest: Buffer): boolean {
  const header = 512;
  const start = Buffer.alloc(header + manifest.length + 1);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, start, 0, start.length, 0);
  } finally {
    closeSync(descriptor);
  }
  const size = parseInt(start.subarray(124, 136).toString('latin1'), 8);
  return (
    start.subarray(0, 14).toString('latin1') === 'manifest.json\0' &&
    size === manifest.length &&
    start.subarray(header, header + manifest.length).equals(manifest)
  );
}

const configName = (id: string): string => `${id.replace('sha256:', '')}.json`;
const layerName = (digest: string): string => `${digest.replace('sha256:', '')}.tar`;
