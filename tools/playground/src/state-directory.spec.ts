import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  claimStateDirectory,
  isStateDirectory,
  ownDirectory,
  removeStateDirectory,
  stateDirectoryOf,
  takeStateDirectory,
} from './state-directory.ts';

/** Another process that claims the directory and stays, or says why it cannot. */
async function claimElsewhere(path: string): Promise<{ child: ChildProcess; said: string }> {
  const source = JSON.stringify(join(import.meta.dirname, 'state-directory.ts'));
  const program = `import { claimStateDirectory } from ${source};
    try { claimStateDirectory(${JSON.stringify(path)}); console.log('claimed'); setInterval(() => 0, 1e6); }
    catch (thrown) { console.log(thrown.message); }`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString() };
}

describe('the state directory', () => {
  let root = '';
  let path = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'osm-state-'));
    path = join(root, 'state');
  });
  afterEach(() => removeStateDirectory(path));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is made, and emptied of what a crashed playground left', () => {
    takeStateDirectory(path);
    // No process has an id of this size.
    writeFileSync(join(path, 'pid'), 'playground 2147483646\n');
    writeFileSync(join(path, 'old'), '');
    takeStateDirectory(path);
    expect(readdirSync(path)).toEqual(['pid']);
  });

  it('may exist when it is empty', () => {
    mkdirSync(path);
    takeStateDirectory(path);
    expect(isStateDirectory(path)).toBe(true);
  });

  it('is refused, and left alone, when it holds something else, also with a pid file', () => {
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), '2147483646\n');
    writeFileSync(join(path, 'precious'), '');
    expect(() => takeStateDirectory(path)).toThrow('choose a new or an empty one');
    expect(isStateDirectory(path)).toBe(false);
    expect(existsSync(join(path, 'precious'))).toBe(true);
  });

  it('is had by one process at a time, until that ends, however it ends', async () => {
    const claims = await Promise.all([claimElsewhere(path), claimElsewhere(path)]);
    const winner = claims.find(({ said }) => said === 'claimed\n');
    const loser = claims.find((claim) => claim !== winner);
    expect(loser?.said).toContain(`a playground runs already in ${path}`);
    expect(() => claimStateDirectory(path)).toThrow(`(process ${winner?.child.pid})`);
    winner?.child.kill('SIGKILL');
    if (winner !== undefined) await once(winner.child, 'exit');
    claimStateDirectory(path);
    claimStateDirectory(path);
    removeStateDirectory(path);
    expect(existsSync(path)).toBe(false);
  });

  it('is in the home directory when the checkout belongs to somebody else', () => {
    expect(ownDirectory('/checkout', '/home/u', () => true)).toBe('/checkout/.osm');
    expect(ownDirectory('/checkout', '/home/u', () => false)).toBe('/home/u/.osm');
  });

  it('has a name without slashes and dots', () => {
    expect(() => stateDirectoryOf('../up')).toThrow('--name ../up: only lower-case letters');
  });
});
