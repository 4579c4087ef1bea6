import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@osm/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createReloader,
  lookAtChanges,
  systemProcesses,
  type RunningProcess,
} from './nats-reload.ts';

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

const settled = 60_000;

describe('createReloader', () => {
  let reloaded: number[] = [];
  let servers: readonly RunningProcess[] = [];
  let look: () => number | undefined = () => undefined;

  beforeEach(() => {
    reloaded = [];
    servers = [{ id: 7, ageMs: settled }];
    const processes = { find: () => servers, reload: (id: number) => void reloaded.push(id) };
    look = createReloader(directory, { processes, log });
  });

  it('has the server read its files once at first, and once for each change', () => {
    mount('1', { 'nats.conf': 'a', 'tls.key': 'k' });
    expect(look()).toBeUndefined();
    expect(look()).toBeUndefined();
    expect(reloaded).toEqual([7]);
    mount('2', { 'nats.conf': 'a', 'tls.key': 'other' });
    look();
    look();
    expect(reloaded).toEqual([7, 7]);
  });

  it('leaves a server that starts now alone until it listens to signals', () => {
    mount('1', { 'nats.conf': 'a' });
    servers = [
      { id: 7, ageMs: settled },
      { id: 9, ageMs: 1_500 },
    ];
    expect(look()).toBe(500);
    expect(reloaded).toEqual([]);
    servers = [{ id: 9, ageMs: 2_000 }];
    expect(look()).toBeUndefined();
    expect(reloaded).toEqual([9]);
  });

  it('is done when there is no server: the next one reads what is there', () => {
    mount('1', { 'nats.conf': 'a' });
    servers = [];
    expect(look()).toBeUndefined();
    servers = [{ id: 9, ageMs: settled }];
    look();
    expect(reloaded).toEqual([]);
  });
});

describe('lookAtChanges', () => {
  it('looks at first, when a Secret is swapped, and again when asked to or after a failure', async () => {
    mount('1', { 'nats.conf': 'a' });
    const end = new AbortController();
    const seen: string[] = [];
    const followed = lookAtChanges(
      directory,
      () => {
        const text = readFileSync(join(directory, 'nats.conf'), 'utf8');
        seen.push(text);
        return seen.length === 1 ? 1 : undefined;
      },
      { log, signal: end.signal },
    );
    await vi.waitFor(() => expect(seen).toEqual(['a', 'a']));
    mount('2', { 'nats.conf': 'b' });
    // One of the looks may fall between the removal of the old link and the new one, and fails.
    await vi.waitFor(() => expect(seen.at(-1)).toBe('b'), { timeout: 10_000 });
    end.abort();
    await followed;
  });

  it('fails when there is nothing to watch', async () => {
    await expect(lookAtChanges(join(directory, 'none'), () => undefined, { log })).rejects.toThrow(
      'none',
    );
  });
});

describe('systemProcesses', () => {
  it('finds by the name of the command, and tells the age', () => {
    writeFileSync(join(directory, 'uptime'), '100.50 180.00\n');
    for (const [id, command] of [
      ['1', 'pause'],
      ['12', 'nats-server'],
      ['14', 'a) b (c'],
      ['self', 'nats-server'],
    ] as const) {
      mkdirSync(join(directory, id));
      writeFileSync(
        join(directory, id, 'stat'),
        `${id} (${command}) S 1 12 12 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 9000 1 2 3\n`,
      );
    }
    mkdirSync(join(directory, '13'));
    expect(systemProcesses(directory).find('nats-server')).toEqual([{ id: 12, ageMs: 10_500 }]);
    expect(systemProcesses(directory).find('a) b (c')).toHaveLength(1);
  });

  it('knows how old this process is', () => {
    const name = readFileSync('/proc/self/comm', 'utf8').trim();
    const own = systemProcesses()
      .find(name)
      .find(({ id }) => id === process.pid);
    expect(Math.abs((own?.ageMs ?? 0) - process.uptime() * 1_000)).toBeLessThan(5_000);
  });
});
