import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentsOfFolder, contentsOfTar, type Contents } from '../testing/contents.ts';
import { parseDockerfile, type DockerStage } from '../testing/dockerfile.ts';
import { makeSources } from '../testing/sources.ts';
import { labelsOf } from './build.ts';
import { ownImages, planImage, type ImageName, type ImagePlan } from './images.ts';
import { packLayer } from './layer.ts';
import { writeLayout } from './layout.ts';
import { nodeVersion } from './node-runtime.ts';

const dockerfile = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8');

describe('the Dockerfile', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'osm-images-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(ownImages)('starts %s as the same user, by the same entry point', (name) => {
    const { config, ...plan } = planImage(name, makeSources(folder));
    expect(finalStage(name).config).toEqual({ ...config, labels: labelsOf(plan) });
  });

  it.each(ownImages)('has the files of %s, and no others', async (name) => {
    const { base, copies } = finalStage(name);
    expect(base).toBe('scratch');
    expect(copies).toEqual([{ from: 'build:/image', to: '/' }]);
    const layout = `npx tsx tools/images/src/main.ts --layout /image ${name}`;
    expect(stageNamed('build', name).run.at(-1)).toBe(layout);

    const plan = planImage(name, makeSources(join(folder, 'sources')));
    writeLayout(plan, join(folder, 'image'));
    expect(contentsOfFolder(join(folder, 'image'))).toEqual(await contentsOfImage(plan));
  });

  it('builds with the version of Node that the images carry', () => {
    expect(stageNamed('build', 'injector').base).toBe(`node:${nodeVersion}-bookworm`);
  });

  it('gives the program to whoever builds without naming a stage', () => {
    expect(parseDockerfile(dockerfile, { APP: 'injector' }).at(-1)?.name).toBe('app');
  });
});

function finalStage(name: ImageName): DockerStage {
  return stageNamed(name === 'init' ? 'init' : 'app', name);
}

function stageNamed(stage: string, app: ImageName): DockerStage {
  const found = parseDockerfile(dockerfile, { APP: app }).find(({ name }) => name === stage);
  if (found === undefined) throw new Error(`the Dockerfile has no stage ${stage}`);
  return found;
}

/** Layer upon layer. */
async function contentsOfImage({ layers }: ImagePlan): Promise<Contents> {
  const packed = await Promise.all(layers.map(async (files) => (await packLayer(files)).tar));
  return Object.assign({}, ...(await Promise.all(packed.map(contentsOfTar)))) as Contents;
}
