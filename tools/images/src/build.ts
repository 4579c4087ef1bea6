import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { describeImage, writeArchive, type Image } from './archive.ts';
import type { ImageFile } from './image-file.ts';
import { planImage, type ImageName, type ImagePlan, type ImageSources } from './images.ts';
import { packLayer, type Layer } from './layer.ts';

/** What a node may be asked to pull for one image. */
export const sizeLimit = 200_000_000;

export interface BuildOptions {
  readonly names: readonly ImageName[];
  readonly sources: ImageSources;
  /** What stands before the name, and the tag behind it. */
  readonly registry: string;
  readonly tag: string;
  readonly out: string;
  /** One archive with all of them, instead of one each. */
  readonly together: string | undefined;
  /** An image of so many bytes is refused. */
  readonly sizeLimit: number;
}

/** An image that was asked for, and what became of it. */
export interface BuiltImage extends Image {
  readonly name: ImageName;
  readonly file: string;
  /** False: the file held this image already. */
  readonly isNew: boolean;
}

/** @throws MeshError payload_too_large when an image exceeds `sizeLimit`; nothing is written then */
export async function buildImages(options: BuildOptions): Promise<readonly BuiltImage[]> {
  const { names, registry, tag } = options;
  const layerOf = layerPacker();
  const images: (Image & { readonly name: ImageName })[] = [];
  for (const name of names) {
    const plan = planImage(name, options.sources);
    const layers: Layer[] = [];
    for (const files of plan.layers) layers.push(await layerOf(files));
    const config = { ...plan.config, labels: labelsOf(plan) };
    images.push({ ...describeImage(`${registry}/${name}:${tag}`, layers, config), name });
  }
  for (const image of images) checkSize(image, options.sizeLimit);
  mkdirSync(options.out, { recursive: true });
  if (options.together !== undefined) {
    const file = options.together;
    const isNew = await writeArchive(file, images);
    return images.map((image) => ({ ...image, file, isNew }));
  }
  const built: BuiltImage[] = [];
  for (const image of images) {
    const file = join(options.out, `${image.name}.tar`);
    built.push({ ...image, file, isNew: await writeArchive(file, [image]) });
  }
  return built;
}

/** Of the image itself; the Dockerfile sets the same. */
export function labelsOf({ name }: Pick<ImagePlan, 'name'>): Readonly<Record<string, string>> {
  return { 'org.opencontainers.image.title': name };
}

function checkSize({ reference, bytes }: Image, limit: number): void {
  if (bytes < limit) return;
  const megabytes = (count: number): string => `${(count / 1e6).toFixed(0)} MB`;
  throw new MeshError(
    'payload_too_large',
    `image ${reference} has ${megabytes(bytes)}; it must stay below ${megabytes(limit)}: look for what its bundle took in (dist/apps)`,
  );
}

/** Packs a layer that several images have once. */
function layerPacker(): (files: readonly ImageFile[]) => Promise<Layer> {
  const packed = new Map<readonly ImageFile[], Promise<Layer>>();
  return (files) => {
    const layer = packed.get(files) ?? packLayer(files);
    packed.set(files, layer);
    return layer;
  };
}
