import { describe, expect, it } from 'vitest';
import { parseManifestFile } from './manifests.ts';

describe('parseManifestFile', () => {
  it('reads documents with the line where each begins', () => {
    const { manifests, problems } = parseManifestFile(
      'a.yaml',
      '# head\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n',
    );
    expect(problems).toEqual([]);
    expect(
      manifests.map(({ kind, namespace, name, line }) => [kind, namespace, name, line]),
    ).toEqual([
      ['Namespace', '', 'shop', 2],
      ['Service', 'shop', 'web', 7],
    ]);
  });

  it('goes on after a document that is broken, and says where it is', () => {
    const { manifests, problems } = parseManifestFile(
      'a.yaml',
      'kind: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\njust text\n---\nkind: Pod\napiVersion: v1\n',
    );
    expect(manifests.map(({ name, namespace }) => [name, namespace])).toEqual([['web', 'default']]);
    expect(problems.map(({ line }) => line)).toEqual([2, 7, 9]);
    expect(problems[2]?.message).toBe('Pod: metadata.name is missing');
  });

  it('ignores empty documents and opens lists', () => {
    const list = {
      kind: 'List',
      apiVersion: 'v1',
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }],
    };
    const { manifests, problems } = parseManifestFile(
      'a.json',
      `---\n# nothing\n---\n${JSON.stringify(list)}`,
    );
    expect(problems).toEqual([]);
    expect(manifests.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['Pod a']);
  });
});
