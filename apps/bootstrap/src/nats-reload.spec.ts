import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@osm/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReloader, systemProcesses } from './nats-reload.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'osm-reload-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const log = createLogger('test', 'error');

/** Swaps the contents of the folder as the kubelet does: a folder beside it, then one link. */
function mount(version: string, texts: Readonly<Record<string, string>>): void {
  const folder = `..${version}`;
  mkdirSync(join(directory, folder));
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(directory, folder, name), text);
  }
  symlinkSync(folder, join(directory, '..new'));
  renameSync(join(directory, '..new'), join(directory, '..data'));
  for (const name of Object.keys(texts)) {
    const link = join(directory, name);
    rmSync(link, { force: true });
    symlinkSync(join('..data', name), link);
  }
}

describe('createReloader', () => {
  it('has the server read its files once at first, and once for each change', () => {
    mount('1', { 'nats.conf': 'a', 'tls.key': 'k' });
    const reloaded: number[] = [];
    const processes = { find: () => [7], reload: (id: number) => void reloaded.push(id) };
    const look = createReloader(directory, { processes, log });
    look();
    look();
    expect(reloaded).toEqual([7]);
    mount('2', { 'nats.conf': 'a', 'tls.key': 'other' });
    look();
    look();
    expect(reloaded).toEqual([7, 7]);
  });

  it('tries again while no server is to be seen', () => {
    mount('1', { 'nats.conf': 'a' });
    const reloaded: number[] = [];
    let ids: readonly number[] = [];
    const processes = { find: () => ids, reload: (id: number) => void reloaded.push(id) };
    const look = createReloader(directory, { processes, log });
    look();
    ids = [9];
    look();
    expect(reloaded).toEqual([9]);
  });
});

describe('systemProcesses', () => {
  it('finds by the name of the command', () => {
    for (const [id, command] of [
      ['1', 'pause'],
      ['12', 'nats-server'],
      ['self', 'nats-server'],
    ] as const) {
      mkdirSync(join(directory, id));
      writeFileSync(join(directory, id, 'comm'), `${command}\n`);
    }
    mkdirSync(join(directory, '13'));
    expect(systemProcesses(directory).find('nats-server')).toEqual([12]);
  });
});
