// `npm run images`: image archives from the bundles, without a container daemon. See --help and the README.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBinaries, type Binaries } from '@osm/playground';
import { MeshError } from '@osm/prelude';
import { bundlePath, repositoryRoot, version } from '@osm/services';
import { buildImages, sizeLimit, type BuiltImage } from './build.ts';
import type { ImageFile } from './image-file.ts';
import {
  foreignImages,
  imageNames,
  ownImages,
  planImage,
  scriptImages,
  type ImageName,
  type ImageSources,
} from './images.ts';
import { writeLayout } from './layout.ts';
import { nodeRuntime } from './node-runtime.ts';

const usage = `usage: npm run images -- [options] [NAME...]

Builds image archives (docker save format) from the bundles in dist/apps. Load them with
\`docker load -i FILE\`, \`ctr -n k8s.io images import FILE\`, or push them with any tool that reads such files.
An archive that holds the image already is left alone.

  NAME             ${ownImages.join(', ')};
                   ${foreignImages.join(', ')}: for clusters that cannot pull theirs;
                   ${scriptImages.join(', ')}: the demo, and pods of the tests on a cluster;
                   own: those of the first line (default); all: every one
  --registry NAME  what stands before the name (default: osm)
  --tag TAG        (default: ${version})
  --out DIR        (default: dist/images)
  --together FILE  one archive for all of them: what they share is in it once
  --layout DIR     write the root file system of one image into DIR instead (what the Dockerfile copies)
  -h, --help

Envoy and NATS come from their Python packages; ENVOY_PATH and NATS_SERVER_PATH use others.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      registry: { type: 'string', default: 'osm' },
      tag: { type: 'string', default: version },
      out: { type: 'string', default: join(repositoryRoot, 'dist/images') },
      together: { type: 'string' },
      layout: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const names = imagesOf(positionals);
  const sources = await sourcesFor(names);
  if (values.layout !== undefined) {
    const [name, ...rest] = names;
    if (name === undefined || rest.length > 0)
      throw new MeshError('invalid_config', '--layout takes the name of one image');
    writeLayout(planImage(name, sources), resolve(values.layout));
    return 0;
  }
  const together = values.together === undefined ? undefined : resolve(values.together);
  const { registry, tag } = values;
  const out = resolve(values.out);
  report(await buildImages({ names, sources, registry, tag, out, together, sizeLimit }));
  return 0;
}

/** One line each, as a table. */
function report(images: readonly BuiltImage[]): void {
  const width = Math.max(...images.map(({ reference }) => reference.length));
  for (const { reference, bytes, id, file, isNew } of images) {
    const size = `${(bytes / 1e6).toFixed(0)} MB`.padStart(7);
    const line = `${reference.padEnd(width)} ${size}  ${id.slice(0, 19)}  ${file}`;
    process.stdout.write(`${line}${isNew ? '' : ' (unchanged)'}\n`);
  }
}

/** Names, and words for several: in the order of `imageNames`, each once. */
function imagesOf(words: readonly string[]): readonly ImageName[] {
  const wanted = (words.length === 0 ? ['own'] : words).flatMap((word) => {
    if (word === 'own') return ownImages;
    if (word === 'all') return imageNames;
    const found = imageNames.find((name) => name === word);
    if (found !== undefined) return [found];
    const known = `${imageNames.join(', ')}; own, all`;
    throw new MeshError('invalid_config', `no image ${word}; there are ${known}`);
  });
  return imageNames.filter((name) => wanted.includes(name));
}

/** The runtime is read once; other people's programs are fetched only when an image of theirs is wanted. */
async function sourcesFor(names: readonly ImageName[]): Promise<ImageSources> {
  const isForeign = names.some((name) => foreignImages.some((foreign) => foreign === name));
  const binaries: Binaries | undefined = isForeign
    ? await ensureBinaries({ report: (message) => process.stderr.write(`${message}\n`) })
    : undefined;
  let runtime: readonly ImageFile[] | undefined;
  return {
    runtime: () => (runtime ??= nodeRuntime(join(homedir(), '.cache/osm/node'))),
    bundle: bundlePath,
    envoy: () => binaries?.envoy ?? '',
    nats: () => binaries?.natsServer ?? '',
  };
}

main().then(
  (status) => process.exit(status),
  (thrown: unknown) => {
    const error = MeshError.from(thrown);
    process.stderr.write(`${error.message}\n`);
    process.exit(error.code === 'invalid_config' ? 2 : 1);
  },
);
