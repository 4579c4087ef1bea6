import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeImage, writeArchive } from './archive.ts';
import { textFile } from './image-file.ts';
import { digestOf, packLayer } from './layer.ts';
import { filesOfTar } from '../testing/contents.ts';

const config = {
  user: '65532:65532',
  workdir: '/app',
  entrypoint: ['/app/main'],
  environment: { NODE_ENV: 'production' },
  labels: { title: 'one' },
};

describe('an archive of an image', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'osm-archive-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('holds what its names promise: every name is the digest of its bytes', async () => {
    const image = await makeImage('text');
    await writeArchive(join(folder, 'a.tar'), [image]);

    const files = await filesOfTar(readFileSync(join(folder, 'a.tar')));
    const named = [...files].filter(([name]) => name !== 'manifest.json');
    expect(named.map(([name]) => name.split('.')[0])).toEqual(
      named.map(([, content]) => digestOf(content).replace('sha256:', '')),
    );
    expect(JSON.parse(image.document.toString())).toMatchObject({
      config: { User: '65532:65532', Entrypoint: ['/app/main'], WorkingDir: '/app' },
      rootfs: { diff_ids: image.layers.map(({ digest }) => digest) },
    });
  });

  it.each([
    ['nothing', ''],
    ['something else', 'x'.repeat(10_000)],
  ])('takes the place of a file with %s in it', async (_, text) => {
    const file = join(folder, 'a.tar');
    writeFileSync(file, text);
    expect(await writeArchive(file, [await makeImage('text')])).toBe(true);
    expect(await writeArchive(file, [await makeImage('text')])).toBe(false);
    expect(await writeArchive(file, [await makeImage('Text')])).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.tar']);
  });
});

async function makeImage(text: string) {
  const layer = await packLayer([textFile('/app/main', text)]);
  return describeImage('osm/one:test', [layer], config);
}
