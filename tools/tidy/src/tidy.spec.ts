import { describe, expect, it } from 'vitest';
import { checkDependencies } from './dependencies.ts';
import { checkDocLinks } from './doc-links.ts';
import { checkProjects } from './projects.ts';
import { checkTexts } from './texts.ts';
import type { Tree } from './tree.ts';

function treeOf(files: Readonly<Record<string, string>>): Tree {
  return {
    files: Object.keys(files),
    read: (file) => files[file] ?? '',
    exists: (file) => file in files,
  };
}

describe('tidy', () => {
  it('asks for one tag per family and the layer of the folder', () => {
    const tree = treeOf({
      'libs/core/xds/project.json': '{"name":"xds","tags":["layer:app","npm:none","npm:grpc"]}',
      'libs/core/xds/package.json': '{"name":"@osm/xds"}',
    });
    expect([...checkProjects(tree)]).toEqual([
      'libs/core/xds/project.json: 0 tags of family platform:, wanted exactly one',
      'libs/core/xds/project.json: 2 tags of family npm:, wanted exactly one',
      'libs/core/xds/project.json: lies in a folder of layer:core',
    ]);
  });

  it('compares imports with the package.json of a project', () => {
    const tree = treeOf({
      'package.json': '{"name":"root","devDependencies":{"vitest":"4.0.0","yaml":"2.0.0"}}',
      'apps/a/project.json': '{}',
      'apps/a/package.json':
        '{"name":"@osm/a","dependencies":{"@osm/bus":"*","@osm/model":"*","left":"1.0.0"},"devDependencies":{"@osm/xds":"*"}}',
      'apps/a/src/main.ts': `import type { B } from '@osm/bus/types'; export * from 'nats'; import 'node:fs';`,
      'apps/a/src/lazy.ts': `const text = "import 'no'"; export const pki = () => import('@osm/pki');`,
      'apps/a/src/main.spec.ts': `import 'vitest'; import '@osm/a'; import '@osm/testkit'; import '@osm/model';`,
      'apps/b/project.json': '{}',
      'apps/b/package.json': '{"name":"@osm/b","dependencies":{"yaml":"2.0.1"}}',
      'apps/b/src/main.ts': `import 'yaml';`,
    });
    expect([...checkDependencies(tree)]).toEqual([
      'apps/a/package.json: add nats to dependencies; src imports it',
      'apps/a/package.json: add @osm/pki to dependencies; src imports it',
      'apps/a/package.json: add @osm/testkit to devDependencies; specs import it',
      'apps/a/package.json: move @osm/model to devDependencies; only specs import it',
      'apps/a/package.json: remove left; nothing imports it',
      'apps/a/package.json: remove @osm/xds; no spec imports it',
      'apps/b/package.json: yaml 2.0.1, elsewhere 2.0.0',
    ]);
  });

  it('finds drawers, generated files, leftovers and tests that do not run', () => {
    const tree = treeOf({
      'libs/core/xds/src/utils.ts': '',
      'libs/proto/mesh/src/gen/a.ts': '',
      'extra.txt': '',
      'apps/a/src/b.ts': '// FIXME\nit.only(1)\n// TODO later\n// TODO(#4) fine\n',
      'apps/a/src/c.spec.ts': "it.skipIf(a)('x (needs b)')\nit.runIf(a)('x')\n",
    });
    expect([...checkTexts(tree)]).toEqual([
      'libs/core/xds/src/utils.ts: a drawer; name the file after what is in it',
      'libs/proto/mesh/src/gen/a.ts: generated code is not committed',
      'extra.txt: extra.txt does not belong at the root',
      'apps/a/src/b.ts:1: a leftover marker; fix it or write TODO(#issue)',
      'apps/a/src/b.ts:2: a test that does not run',
      'apps/a/src/b.ts:3: write TODO(#issue)',
      'apps/a/src/c.spec.ts:2: a test that may be skipped says in its name what it (needs ...)',
    ]);
  });

  it('follows links in Markdown', () => {
    const tree = treeOf({
      'docs/A.md': '[b](B.md#x) [c](../apps/c.ts) [w](https://a.b)',
      'docs/B.md': '',
    });
    expect([...checkDocLinks(tree)]).toEqual([
      'docs/A.md: link to ../apps/c.ts, which does not exist',
    ]);
  });
});
