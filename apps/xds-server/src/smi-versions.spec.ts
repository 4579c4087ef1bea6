import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerSmiVersions } from './smi-versions.ts';

const definitions = resolve(import.meta.dirname, '../../../deploy/osm/crds');

/** `Kind` to `group/version` of the versions that are stored, for the groups of SMI. */
function storedVersions(): Readonly<Record<string, string>> {
  const texts = readdirSync(definitions).map((file) =>
    readFileSync(join(definitions, file), 'utf8'),
  );
  return Object.fromEntries(
    texts
      .filter((text) => /^ {2}group: \S+\.smi-spec\.io$/m.test(text))
      .map((text) => {
        const find = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';
        const group = find(/^ {2}group: (\S+)$/m);
        const version = text
          .split(/^ {4}- /m)
          .slice(1)
          .filter((part) => /storage: true/.test(part))
          .map((part) => /name: (v\w+)/.exec(part)?.[1] ?? '');
        return [find(/^ {4}kind: (\S+)$/m), `${group}/${version.join()}`];
      }),
  );
}

describe('answerSmiVersions', () => {
  it('says what the definitions store', () => {
    const { status, body } = answerSmiVersions();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual(storedVersions());
  });
});
