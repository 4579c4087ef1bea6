import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile, logParts } from './log-file.ts';

describe('LogFile', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'osm-log-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('never holds more than two parts of the size', () => {
    const path = join(directory, 'a.log');
    const log = new LogFile(path, 100);
    for (let i = 0; i < 100; i++) log.write(`line ${String(i).padStart(3, '0')}\n`);
    log.close();
    const parts = logParts(path).map((part) => readFileSync(part, 'utf8'));
    expect(parts).toHaveLength(2);
    expect(parts.every((part) => part.length <= 100)).toBe(true);
    const lines = parts.join('').trim().split('\n');
    expect(lines[lines.length - 1]).toBe('line 099');
    expect(Number(lines[0]?.slice(5)) + lines.length).toBe(100);
  });
});
