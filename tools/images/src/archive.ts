import { pack } from 'tar-stream';
import { digestOf, type Layer } from './layer.ts';

/** How the container starts. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `uid:gid`. */
  readonly user: string;
  readonly workdir?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image as `docker load`, `ctr images import` and others read it. */
export interface ImageArchive {
  readonly tar: Buffer;
  /** Digest of the configuration: the image's id. */
  readonly id: string;
  readonly bytes: number;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Joins layers and configuration. Nothing in it depends on when or where it was made. */
export async function packImage(
  reference: string,
  layers: readonly Layer[],
  config: ImageConfig,
): Promise<ImageArchive> {
  const document = Buffer.from(
    JSON.stringify({
      architecture: architectures[process.arch] ?? process.arch,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: {
        User: config.user,
        Entrypoint: config.entrypoint,
        Env: Object.entries(config.environment ?? {}).map(([name, value]) => `${name}=${value}`),
        WorkingDir: config.workdir ?? '/',
        Labels: config.labels,
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: layers.map(() => ({ created: '1970-01-01T00:00:00Z' })),
    }),
  );
  const id = digestOf(document);
  const nameOf = (digest: string): string => digest.replace('sha256:', '');
  const manifest = [
    {
      Config: `${nameOf(id)}.json`,
      RepoTags: [reference],
      Layers: layers.map(({ digest }) => `${nameOf(digest)}.tar`),
    },
  ];
  const files = new Map<string, Uint8Array>([
    ['manifest.json', Buffer.from(JSON.stringify(manifest))],
    [`${nameOf(id)}.json`, document],
    ...layers.map(({ digest, tar }): [string, Uint8Array] => [`${nameOf(digest)}.tar`, tar]),
  ]);
  const tar = await packFiles(files);
  return { tar, id, bytes: layers.reduce((sum, layer) => sum + layer.tar.length, 0) };
}

async function packFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of files) {
    tar.entry({ name, mtime: new Date(0), uid: 0, gid: 0, mode: 0o644 }, Buffer.from(content));
  }
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
