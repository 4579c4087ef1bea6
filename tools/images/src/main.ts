// `npm run images -- [--tag TAG] [--registry NAME] [--out DIR] [NAME...]`: image archives, without a container daemon.
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MeshError } from '@osm/prelude';
import { repositoryRoot } from '@osm/services';
import { packImage } from './archive.ts';
import { imageNames, planImage, type ImageName } from './images.ts';
import { packLayer, type Layer } from './layer.ts';
import { nodeRuntime } from './node-runtime.ts';
import type { ImageFile } from './image-file.ts';

const usage = `usage: npm run images -- [options] [NAME...]

Builds image archives (docker save format) from the bundles in dist/apps. Load them with
\`docker load -i FILE\`, \`ctr -n k8s.io images import FILE\`, or push them with any tool that reads such files.

  NAME             ${imageNames.join(', ')} (default: all services)
  --registry NAME  what stands before the name (default: osm)
  --tag TAG        (default: 0.1.0)
  --out DIR        (default: dist/images)
  -h, --help

ENVOY_PATH and NATS_SERVER_PATH name the programs of the images envoy and nats.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      registry: { type: 'string', default: 'osm' },
      tag: { type: 'string', default: '0.1.0' },
      out: { type: 'string', default: join(repositoryRoot, 'dist/images') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const others = ['init', 'envoy', 'nats', 'bookstore', 'e2e'];
  const defaults = imageNames.filter((name) => !others.includes(name));
  const wanted = positionals.length === 0 ? defaults : positionals.map(imageName);
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  // The runtime is read once, and a layer that several images have is packed once.
  let runtime: readonly ImageFile[] | undefined;
  const options = {
    runtime: () => (runtime ??= nodeRuntime(join(homedir(), '.cache/osm/node'))),
    envoy: process.env['ENVOY_PATH'],
    nats: process.env['NATS_SERVER_PATH'],
  };
  const packed = new Map<readonly ImageFile[], Layer>();
  const layerOf = async (files: readonly ImageFile[]): Promise<Layer> => {
    const layer = packed.get(files) ?? (await packLayer(files));
    if (files === runtime) packed.set(files, layer);
    return layer;
  };
  for (const name of wanted) {
    const plan = planImage(name, options);
    const layers: Layer[] = [];
    for (const files of plan.layers) layers.push(await layerOf(files));
    const reference = `${values.registry}/${name}:${values.tag}`;
    const labels = { 'org.opencontainers.image.title': name };
    const image = await packImage(reference, layers, { ...plan.config, labels });
    const file = join(out, `${name}.tar`);
    writeFileSync(file, image.tar);
    const megabytes = (image.bytes / 1e6).toFixed(0);
    process.stdout.write(`${reference}  ${megabytes} MB  ${image.id.slice(0, 19)}  ${file}\n`);
  }
  return 0;
}

function imageName(text: string): ImageName {
  const found = imageNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new MeshError('invalid_config', `no image ${text}; there are ${imageNames.join(', ')}`);
}

main().then(
  (status) => process.exit(status),
  (thrown: unknown) => {
    const error = MeshError.from(thrown);
    process.stderr.write(`${error.message}\n`);
    process.exit(error.code === 'invalid_config' ? 2 : 1);
  },
);
