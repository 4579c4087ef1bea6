import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { filesOfTar } from '../testing/contents.ts';
import { makeSources } from '../testing/sources.ts';
import { buildImages, sizeLimit, type BuildOptions } from './build.ts';
import { imageNames, ownImages, planImage } from './images.ts';

describe('building images', () => {
  const folders: string[] = [];
  afterEach(() => folders.splice(0).forEach((path) => rmSync(path, { recursive: true })));

  it('gives equal digests and archives from two directories', async () => {
    const one = makeOptions();
    const other = makeOptions('a-directory-with-a-longer-name-');
    const built = [await buildImages(one), await buildImages(other)];

    expect(idsOf(built[1])).toEqual(idsOf(built[0]));
    for (const name of readdirSync(one.out)) {
      expect(readFileSync(join(one.out, name)).equals(readFileSync(join(other.out, name)))).toBe(
        true,
      );
    }
  });

  it('gives another digest when one byte of a bundle is another', async () => {
    const options = makeOptions();
    const [before] = await buildImages({ ...options, names: ['injector'] });
    writeFileSync(options.sources.bundle('injector'), 'console.log("Injector");\n');
    const [after] = await buildImages({ ...options, names: ['injector'] });

    expect(after?.id).not.toBe(before?.id);
  });

  it('leaves archives alone whose images did not change, and no others', async () => {
    const options = makeOptions();
    expect((await buildImages(options)).every(({ isNew }) => isNew)).toBe(true);
    expect((await buildImages(options)).some(({ isNew }) => isNew)).toBe(false);

    writeFileSync(options.sources.bundle('xds-server'), 'console.log(2);\n');
    const again = await buildImages(options);
    expect(again.filter(({ isNew }) => isNew).map(({ name }) => name)).toEqual(['xds-server']);
    const tagged = await buildImages({ ...options, tag: 'next' });
    expect(tagged.every(({ isNew }) => isNew)).toBe(true);
  });

  it('puts a layer that images share into a common archive once', async () => {
    const options = makeOptions();
    const together = join(options.out, 'all.tar');
    const built = await buildImages({ ...options, names: ['injector', 'xds-server'], together });

    expect(readdirSync(options.out)).toEqual(['all.tar']);
    const files = await filesOfTar(readFileSync(together));
    expect([...files.keys()].filter((name) => name.endsWith('.tar'))).toHaveLength(3);
    const manifest = JSON.parse(files.get('manifest.json')?.toString() ?? '') as readonly {
      readonly Config: string;
      readonly RepoTags: readonly string[];
      readonly Layers: readonly string[];
    }[];
    expect(manifest.map(({ RepoTags }) => RepoTags)).toEqual([
      ['osm/injector:test'],
      ['osm/xds-server:test'],
    ]);
    const named = manifest.flatMap(({ Config, Layers }) => [Config, ...Layers]);
    expect(named.filter((name) => !files.has(name))).toEqual([]);
    expect(built.map(({ id }) => `${id.replace('sha256:', '')}.json`)).toEqual(
      manifest.map(({ Config }) => Config),
    );
  });

  it('refuses an image that is too large, and writes none of them', async () => {
    const options = makeOptions();
    const names = ['xds-server', 'injector'] as const;
    const largest = Math.max(
      ...(await buildImages({ ...options, names })).map(({ bytes }) => bytes),
    );
    rmSync(options.out, { recursive: true });
    writeFileSync(options.sources.bundle('injector'), Buffer.alloc(2_000_000));

    await expect(buildImages({ ...options, names, sizeLimit: 2_000_000 })).rejects.toThrow(
      'image osm/injector:test has 2 MB; it must stay below 2 MB',
    );
    expect(readdirSync(options.folder)).not.toContain('images');
    writeFileSync(options.sources.bundle('injector'), 'console.log("injector");\n');
    await expect(buildImages({ ...options, names, sizeLimit: largest })).rejects.toThrow();
    await buildImages({ ...options, names, sizeLimit: largest + 1 });
  });

  it('makes nobody root, the init container apart, which the pod gives the right to change rules', () => {
    const { sources } = makeOptions();
    const roots = imageNames.filter(
      (name) => planImage(name, sources).config.user !== '65532:65532',
    );
    expect(roots).toEqual(['init']);
  });

  it('lets the answer to TCP probes run by the name that pods know', () => {
    const files = planImage('healthcheck', makeOptions().sources).layers.flat();
    expect(files).toContainEqual({
      kind: 'link',
      path: '/osm-healthcheck',
      target: '/app/main.mjs',
    });
    const main = files.find(({ path }) => path === '/app/main.mjs');
    expect(main).toMatchObject({ mode: 0o755 });
    expect(main?.kind === 'file' && Buffer.from(main.content).toString()).toMatch(
      /^#!\/usr\/local\/bin\/node\n/,
    );
  });

  function makeOptions(prefix = 'osm-images-'): BuildOptions & { readonly folder: string } {
    const folder = mkdtempSync(join(tmpdir(), prefix));
    folders.push(folder);
    return {
      folder,
      names: ownImages,
      sources: makeSources(folder),
      registry: 'osm',
      tag: 'test',
      out: join(folder, 'images'),
      together: undefined,
      sizeLimit,
    };
  }
});

function idsOf(images: readonly { readonly id: string }[] | undefined): readonly string[] {
  return images?.map(({ id }) => id) ?? [];
}
