import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createFakeClock, createSeededRandom } from '@osm/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  observe,
  patience,
  sourceContract,
  split,
  type Observed,
  type WorldObject,
} from '../../testing/source-contract.ts';
import { createDirectorySource, type DirectorySourceOptions } from './directory-source.ts';
import { emptyFileGraceMs } from './directory-tree.ts';

const json = (...objects: readonly WorldObject[]): string =>
  objects.map((object) => JSON.stringify(object)).join('\n---\n');

sourceContract('directory', async () => {
  const root = mkdtempSync(join(tmpdir(), 'catalog-source-'));
  const fileOf = ({ kind, metadata }: WorldObject): string =>
    join(root, metadata.namespace ?? 'cluster', `${kind}-${metadata.name}.json`.toLowerCase());
  return {
    source: createDirectorySource({ directories: [root], clock: createFakeClock() }),
    put: (object) => {
      mkdirSync(dirname(fileOf(object)), { recursive: true });
      writeFileSync(`${fileOf(object)}.new`, json(object));
      renameSync(`${fileOf(object)}.new`, fileOf(object));
      return Promise.resolve();
    },
    remove: (object) => {
      unlinkSync(fileOf(object));
      return Promise.resolve();
    },
    close: () => {
      rmSync(root, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
});

function tryRename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // There is no such file, or the place is taken: then nothing happened.
  }
}

describe('directory source', () => {
  const clock = createFakeClock();
  let top: string;
  let watches: Observed[];
  const at = (...path: readonly string[]): string => join(top, ...path);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  const watch = async (
    directories: readonly string[] = [at('a')],
    options: Partial<DirectorySourceOptions> = {},
  ): Promise<Observed> => {
    const observed = observe(createDirectorySource({ directories, clock, ...options }));
    watches.push(observed);
    await expect.poll(observed.listed, patience).toBe(1);
    return observed;
  };
  const names = (observed: Observed) => (): string =>
    [...observed.objects.keys()]
      .map((key) => key.split('/')[1])
      .sort()
      .join(' ');
  const weight = (observed: Observed, name: string) => (): unknown => {
    const raw = observed.objects.get(`TrafficSplit shop/${name}`);
    return (raw as ReturnType<typeof split> & { spec: { backends: { weight: number }[] } })?.spec
      .backends[0]?.weight;
  };
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'catalog-directory-'));
    watches = [];
  });
  afterEach(async () => {
    await Promise.all(watches.map((observed) => observed.stop()));
    rmSync(top, { recursive: true, force: true });
  });

  it('reads yaml, yml and json in nested folders, and nothing else', async () => {
    write('a/one.yaml', json(split('one', 1), split('two', 1)));
    write('a/b/c/three.yml', json(split('three', 1)));
    write('a/four.JSON', json(split('four', 1)));
    for (const name of ['x.yaml~', '.x.yaml', '#x.yaml#', '.x.yaml.swp', 'x.yaml.tmp', 'x.txt']) {
      write(`a/${name}`, json(split('left-out', 1)));
    }
    expect(names(await watch())()).toBe('four one three two');
  });

  it('sees a file that is replaced by renaming, and one that is written in place', async () => {
    write('a/x.yaml', json(split('x', 1)));
    const observed = await watch();
    write('a/x.yaml', json(split('x', 2)));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    write('a/.x.yaml.swp', json(split('x', 3)));
    renameSync(at('a/.x.yaml.swp'), at('a/x.yaml'));
    await expect.poll(weight(observed, 'x'), patience).toBe(3);
    renameSync(at('a/x.yaml'), at('a/x.yaml~'));
    await expect.poll(names(observed), patience).toBe('');
    renameSync(at('a/x.yaml~'), at('a/y.yaml'));
    await expect.poll(names(observed), patience).toBe('x');
  });

  it('tells of the changed document only, when a file has several', async () => {
    write('a/x.yaml', json(split('x', 1), split('y', 1)));
    const observed = await watch();
    const before = observed.events.length;
    write('a/x.yaml', json(split('x', 1), split('y', 2)));
    await expect.poll(weight(observed, 'y'), patience).toBe(2);
    expect(observed.events.slice(before).map((event) => 'id' in event && event.id)).toEqual([
      'split.smi-spec.io/TrafficSplit/shop/y',
    ]);
  });

  it('keeps what a file held while it does not parse, and goes on with the rest of it', async () => {
    write('a/x.yaml', json(split('x', 1), split('y', 1)));
    const observed = await watch();
    write('a/x.yaml', `kind: [\n---\n${json(split('y', 2))}`);
    await expect.poll(weight(observed, 'y'), patience).toBe(2);
    expect(names(observed)()).toBe('x y');
    expect(observed.diagnostics()).toEqual(['invalid_yaml']);
    write('a/x.yaml', json(split('y', 3)));
    await expect.poll(weight(observed, 'y'), patience).toBe(3);
    expect(names(observed)()).toBe('y');
    expect(observed.diagnostics()).toEqual([]);
  });

  it('takes an empty file for one that is being written, for a while', async () => {
    write('a/x.yaml', json(split('x', 1)));
    write('a/z.yaml', json(split('z', 1)));
    const observed = await watch();
    write('a/x.yaml', '');
    write('a/z.yaml', json(split('z', 2)));
    await expect.poll(weight(observed, 'z'), patience).toBe(2);
    expect(names(observed)()).toBe('x z');
    appendFileSync(at('a/x.yaml'), json(split('x', 2)));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    write('a/x.yaml', '');
    write('a/z.yaml', json(split('z', 3)));
    await expect.poll(weight(observed, 'z'), patience).toBe(3);
    expect(names(observed)()).toBe('x z');
    clock.advance(emptyFileGraceMs);
    await expect.poll(names(observed), patience).toBe('z');
  });

  it('follows a directory that is made later, removed, and made again', async () => {
    const observed = await watch([at('a/b')]);
    expect(observed.events).toEqual([{ kind: 'listed' }]);
    write('a/b/x.yaml', json(split('x', 1)));
    await expect.poll(weight(observed, 'x'), patience).toBe(1);
    rmSync(at('a'), { recursive: true });
    await expect.poll(names(observed), patience).toBe('');
    write('a/b/x.yaml', json(split('x', 2)));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    write('a/b/x.yaml', json(split('x', 3)));
    await expect.poll(weight(observed, 'x'), patience).toBe(3);
  });

  it('follows a directory that another one takes the place of', async () => {
    write('a/sub/x.yaml', json(split('x', 1)));
    const observed = await watch();
    write('b/sub/x.yaml', json(split('x', 2)));
    renameSync(at('a'), at('old'));
    renameSync(at('b'), at('a'));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    write('a/sub/x.yaml', json(split('x', 3)));
    await expect.poll(weight(observed, 'x'), patience).toBe(3);
  });

  it('follows folders that come, go and are renamed', async () => {
    write('a/one/x.yaml', json(split('x', 1)));
    const observed = await watch();
    write('a/two/deep/y.yaml', json(split('y', 1)));
    await expect.poll(names(observed), patience).toBe('x y');
    renameSync(at('a/two'), at('a/three'));
    write('a/three/deep/y.yaml', json(split('y', 2)));
    await expect.poll(weight(observed, 'y'), patience).toBe(2);
    rmSync(at('a/three'), { recursive: true });
    await expect.poll(names(observed), patience).toBe('x');
  });

  it('follows the link that Kubernetes swaps in a mounted ConfigMap', async () => {
    write('a/..1/x.yaml', json(split('x', 1)));
    symlinkSync('..1', at('a/..data'));
    symlinkSync('..data/x.yaml', at('a/x.yaml'));
    const observed = await watch();
    expect(weight(observed, 'x')()).toBe(1);
    write('a/..2/x.yaml', json(split('x', 2)));
    symlinkSync('..2', at('a/..next'));
    renameSync(at('a/..next'), at('a/..data'));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
  });

  it('lets an object of a later directory replace that of an earlier one', async () => {
    write('a/x.yaml', json(split('x', 1), split('y', 1)));
    write('b/other.yaml', json(split('x', 10)));
    const observed = await watch([at('a'), at('b')]);
    expect([weight(observed, 'x')(), weight(observed, 'y')()]).toEqual([10, 1]);
    expect(observed.events.filter(({ kind }) => kind === 'put')).toHaveLength(2);
    write('a/x.yaml', json(split('x', 2), split('y', 2)));
    await expect.poll(weight(observed, 'y'), patience).toBe(2);
    expect(weight(observed, 'x')()).toBe(10);
    unlinkSync(at('b/other.yaml'));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    expect(observed.diagnostics()).toEqual([]);
  });

  it('counts the first file by name when an object is written twice, and says so', async () => {
    write('a/b.yaml', json(split('x', 2)));
    const observed = await watch();
    write('a/a.yaml', json(split('x', 1)));
    await expect.poll(weight(observed, 'x'), patience).toBe(1);
    expect(observed.diagnostics()).toEqual(['duplicate_object']);
    unlinkSync(at('a/a.yaml'));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    expect(observed.diagnostics()).toEqual([]);
  });

  it('looks at everything again when notices may have been lost', async () => {
    // Nobody notices what happens behind a link, as nobody notices what did not fit in the kernel's queue.
    write('elsewhere/x.yaml', json(split('x', 1)));
    mkdirSync(at('a/sub'), { recursive: true });
    symlinkSync(at('elsewhere/x.yaml'), at('a/sub/x.yaml'));
    const suspicious = await watch([at('a')], { noticesMax: 1 });
    const calm = await watch([at('a')]);
    write('elsewhere/x.yaml', json(split('x', 1000)));
    write('a/y.yaml', json(split('y', 1)));
    await expect.poll(weight(suspicious, 'x'), patience).toBe(1000);
    await expect.poll(weight(calm, 'y'), patience).toBe(1);
    expect(weight(calm, 'x')()).toBe(1);
  });

  it('reads thousands of files, and then only the one that changes', async () => {
    for (let index = 0; index < 2500; index++) {
      write(`a/${index % 50}/s${index}.yaml`, json(split(`s${index}`, 1)));
    }
    const observed = await watch();
    expect(observed.objects.size).toBe(2500);
    const before = observed.events.length;
    write('a/7/s1207.yaml', json(split('s1207', 2)));
    await expect.poll(weight(observed, 's1207'), patience).toBe(2);
    expect(observed.events.length).toBe(before + 1);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'ends where a new listing would begin after any sequence of edits (seed %i)',
    async (seed) => {
      const random = createSeededRandom(seed);
      const pick = <T>(items: readonly T[]): T =>
        items[Math.floor(random.next() * items.length)] as T;
      const folders = ['a', 'a/p', 'a/p/q', 'a/r', 'b', 'b/p'];
      const files = ['x.yaml', 'y.yaml', 'z.json'];
      const directories = [at('a'), at('b')];
      const edit = (): void => {
        const path = `${pick(folders)}/${pick(files)}`;
        const objects = [pick(['x', 'y']), pick(['y', 'z'])];
        const chance = random.next();
        if (chance < 0.5)
          write(path, json(...objects.map((name) => split(name, Math.ceil(random.next() * 1e6)))));
        else if (chance < 0.6) rmSync(at(path), { force: true });
        else if (chance < 0.7) rmSync(at(pick(folders)), { recursive: true, force: true });
        else if (chance < 0.85) tryRename(at(path), at(`${pick(folders)}/${pick(files)}`));
        else tryRename(at(pick(folders)), at(pick(folders)));
      };
      const observed = await watch(directories);
      for (let turn = 0; turn < 60; turn++) {
        edit();
        // Sometimes the source keeps up, sometimes it does not.
        if (random.next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
      }
      const fresh = await watch(directories);
      const state = ({ objects, diagnostics }: Observed): readonly unknown[] => [
        [...objects].sort(),
        diagnostics(),
      ];
      await expect.poll(() => state(observed), patience).toEqual(state(fresh));
    },
  );

  const isRoot = process.getuid?.() === 0;

  it.skipIf(isRoot)(
    'names a file that it may not read (needs another user than root)',
    async () => {
      write('a/x.yaml', json(split('x', 1)));
      const observed = await watch();
      chmodSync(at('a/x.yaml'), 0);
      await expect.poll(observed.diagnostics, patience).toEqual(['unreadable_file']);
      expect(names(observed)()).toBe('x');
    },
  );

  it('names a file that is not text', async () => {
    write('a/x.yaml', json(split('x', 1)));
    const observed = await watch();
    writeFileSync(at('a/x.yaml'), new Uint8Array([0xff, 0xfe, 0xfd]));
    await expect.poll(observed.diagnostics, patience).toEqual(['unreadable_file']);
    expect(names(observed)()).toBe('x');
    write('a/x.yaml', json(split('x', 2)));
    await expect.poll(weight(observed, 'x'), patience).toBe(2);
    expect(observed.diagnostics()).toEqual([]);
  });
});
