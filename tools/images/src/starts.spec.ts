import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '@osm/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSources } from '../testing/sources.ts';
import { sizeLimit } from './build.ts';
import { planImage, type ImagePlan } from './images.ts';
import { packLayer } from './layer.ts';
import { writeLayout } from './layout.ts';
import { nodeRuntime, nodeVersion } from './node-runtime.ts';

describe('an image has all that its program needs', () => {
  let folder = '';
  let healthcheck: ImagePlan;
  let root = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'osm-root-'));
    const bundle = join(folder, 'main.js');
    await bundleProgram('healthcheck', bundle);
    const runtime = nodeRuntime(join(homedir(), '.cache/osm/node'));
    const sources = { ...makeSources(folder), runtime: () => runtime, bundle: () => bundle };
    healthcheck = planImage('healthcheck', sources);
    root = join(folder, 'image');
    writeLayout(healthcheck, root);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('a program of ours, by its entry point and by the name that pods call', () => {
    const { entrypoint } = healthcheck.config;
    expect(runIn(root, [...entrypoint, '--help'])).toContain('usage: osm-healthcheck');
    expect(runIn(root, ['/osm-healthcheck', '--help'])).toContain('usage: osm-healthcheck');
    expect(runIn(root, ['/usr/local/bin/node', '--version'])).toBe(`v${nodeVersion}\n`);
  });

  it('the init container: a shell and iptables with its modules', () => {
    const init = join(folder, 'init');
    writeLayout(planImage('init', makeSources(folder)), init);
    const rules = ['*nat', '-A OUTPUT -p tcp -m owner --uid-owner 1500 -j RETURN', 'COMMIT'];
    const check = `iptables-restore --test <<EOF\n${rules.join('\n')}\nEOF\necho restored`;
    expect(runIn(init, ['/bin/sh', '-c', check])).toBe('restored\n');
  });

  it('and stays below the limit of 200 MB', async () => {
    const layers = await Promise.all(healthcheck.layers.map((files) => packLayer(files)));
    const bytes = layers.reduce((sum, { tar }) => sum + tar.length, 0);
    expect(bytes).toBeLessThan(sizeLimit);
    expect(sizeLimit).toBe(200_000_000);
  });
});

/** Runs a command that sees this folder as its file system, in namespaces of its own. */
function runIn(root: string, command: readonly string[]): string {
  return execFileSync('unshare', ['-rn', 'chroot', root, ...command], {
    encoding: 'utf8',
    env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}
