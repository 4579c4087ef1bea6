import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram, repositoryRoot, type ProgramName } from '@osm/services';
import { makeSources } from '../testing/sources.ts';
import { planImage } from './images.ts';
import { packLayer } from './layer.ts';

// One with all kinds of things in it (generated code, CommonJS, the API client), and one without any.
const programs = ['injector', 'healthcheck'] as const;

describe('the same sources in another directory', () => {
  let folder = '';
  let copy = '';

  beforeAll(() => {
    // On the file system of the packages, which then are linked and not copied.
    mkdirSync(join(repositoryRoot, 'dist'), { recursive: true });
    folder = mkdtempSync(join(repositoryRoot, 'dist/checkout-'));
    copy = join(folder, 'quite/another/place');
    copyCheckout(copy);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(programs)(
    'give the same layer of %s',
    async (name) => {
      const own = join(folder, name, 'main.js');
      await bundleProgram(name, own);
      expect(await layerDigest(name, buildCopy(name))).toBe(await layerDigest(name, own));
    },
    60_000,
  );

  it('and another one after an edit', async () => {
    const before = await layerDigest('healthcheck', buildCopy('healthcheck'));
    appendFileSync(join(copy, 'apps/healthcheck/src/main.ts'), 'process.title = "other";\n');
    expect(await layerDigest('healthcheck', buildCopy('healthcheck'))).not.toBe(before);
  }, 60_000);

  /** By the copy's own tool, started from elsewhere. */
  function buildCopy(name: ProgramName): string {
    const build = join(copy, 'tools/services/src/build.ts');
    const tsx = join(copy, 'node_modules/tsx/dist/loader.mjs');
    execFileSync(process.execPath, ['--import', tsx, build, name], {
      cwd: folder,
      env: { ...process.env, ...historyFor(copy) },
    });
    return join(copy, 'dist/apps', name, 'main.js');
  }

  async function layerDigest(name: (typeof programs)[number], bundle: string): Promise<string> {
    const sources = { ...makeSources(join(folder, 'sources')), bundle: () => bundle };
    const program = planImage(name, sources).layers.at(-1) ?? [];
    return (await packLayer(program)).digest;
  }
});

/** The tree as it is, generated code and packages included; packages by hard links where the file system allows it. */
function copyCheckout(to: string): void {
  mkdirSync(to, { recursive: true });
  const skipped = /^(node_modules|dist|\..*)$/;
  for (const entry of readdirSync(repositoryRoot)) {
    cpSync(join(repositoryRoot, entry), join(to, entry), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !skipped.test(basename(source)),
    });
  }
  const folders = execFileSync(
    'find',
    [
      ...['.', '-name', '.*', '-not', '-name', '.', '-prune'],
      ...['-o', '-name', 'node_modules', '-prune', '-print'],
    ],
    { cwd: repositoryRoot, encoding: 'utf8' },
  );
  for (const path of folders.trim().split('\n')) {
    const target = join(to, path);
    mkdirSync(dirname(target), { recursive: true });
    try {
      execFileSync('cp', ['-al', join(repositoryRoot, path), target], { stdio: 'ignore' });
    } catch {
      execFileSync('cp', ['-aT', join(repositoryRoot, path), target]);
    }
  }
}

/** The copy has no history of its own; the program names the commit that it comes from. */
function historyFor(workTree: string): Readonly<Record<string, string>> {
  try {
    const options = { cwd: repositoryRoot, encoding: 'utf8', stdio: 'pipe' } as const;
    const directory = execFileSync('git', ['rev-parse', '--absolute-git-dir'], options).trim();
    return { GIT_DIR: directory, GIT_WORK_TREE: workTree };
  } catch {
    return {};
  }
}
