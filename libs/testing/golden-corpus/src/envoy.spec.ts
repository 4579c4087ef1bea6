import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateBootstrap } from '@osm/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCases } from './case-folder.ts';
import { compileCase } from './compile-case.ts';
import { staticBootstrap } from './static-bootstrap.ts';

/** For machines that cannot have an Envoy; CI never sets it. */
const skip = process.env['OSM_SKIP_ENVOY'] === '1';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'osm-golden-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(skip)('Envoy accepts (needs OSM_SKIP_ENVOY not to be 1)', () => {
  for (const { name, manifests } of readCases()) {
    it(name, async () => {
      for (const workload of compileCase(manifests).workloads) {
        if (workload.reader !== 'envoy') continue;
        const path = join(directory, `${name}.${workload.name}.json`);
        writeFileSync(path, JSON.stringify(staticBootstrap(workload.resources)));
        expect(await validateBootstrap(path), workload.name).toBeUndefined();
      }
    });
  }

  it('nothing that is wrong: the validation validates', async () => {
    const path = join(directory, 'wrong.json');
    const bootstrap = staticBootstrap([]);
    writeFileSync(path, JSON.stringify({ ...bootstrap, unknownField: true }));
    expect(await validateBootstrap(path)).toContain('unknownField');
  });
});
