import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnosticsDoc, diagnosticsDocPath } from './diagnostics-doc.ts';
import { formatted } from './formatted.ts';

const root = resolve(import.meta.dirname, '../../..');

describe('docs/diagnostics.md', () => {
  it('lists the codes as they are (if not: npm run docs)', async () => {
    const path = join(root, diagnosticsDocPath);
    const wanted = await formatted(root, diagnosticsDocPath, diagnosticsDoc());
    const found = existsSync(path) ? readFileSync(path, 'utf8') : '';
    expect(found, `${diagnosticsDocPath} is stale: run \`npm run docs\``).toBe(wanted);
  });

  it('has every code once', () => {
    const codes = [...diagnosticsDoc().matchAll(/^\| `([a-z_]+)`/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(40);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
