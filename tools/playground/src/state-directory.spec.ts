import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isStateDirectory, stateDirectoryOf, takeStateDirectory } from './state-directory.ts';

describe('the state directory', () => {
  let root = '';
  let path = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'osm-state-'));
    path = join(root, 'state');
  });
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

  it('has a name without slashes and dots', () => {
    expect(() => stateDirectoryOf('../up')).toThrow('--name ../up: only lower-case letters');
  });
});
