import { describe, expect, it } from 'vitest';
import { parseManifests } from './manifests.ts';

const account = (name: string): string => `apiVersion: v1
kind: ServiceAccount
metadata: {name: ${name}, namespace: shop}
`;

function read(text: string) {
  const { manifests, diagnostics, complete } = parseManifests(text, { file: 'm.yaml' });
  return {
    found: manifests.map(({ id, ref }) => `${ref.line} ${id}`),
    told: diagnostics.map(({ code, object, message }) => `${code} ${object?.line} ${message}`),
    complete,
  };
}

describe('parseManifests', () => {
  it('reads several documents with the line of each', () => {
    const text = `# head\n${account('a')}---\n${account('b')}--- # next\n\n${account('c')}---\n`;
    expect(read(text)).toEqual({
      found: ['2 /ServiceAccount/shop/a', '6 /ServiceAccount/shop/b', '11 /ServiceAccount/shop/c'],
      told: [],
      complete: true,
    });
  });

  it('puts objects without a namespace in default, and those of the cluster in none', () => {
    const objects = ['Pod', 'Namespace', 'ClusterRole'].map(
      (kind) =>
        `apiVersion: v1\nkind: ${kind}\nmetadata: {name: a, namespace: ${kind === 'Pod' ? '' : 'x'}}\n`,
    );
    expect(read(objects.join('---\n')).found).toEqual([
      '1 /Pod/default/a',
      '5 /Namespace//a',
      '9 /ClusterRole//a',
    ]);
  });

  it('knows objects of one kind in different groups apart, and versions of one group not', () => {
    const objects = ['v1', 'serving.knative.dev/v1', 'serving.knative.dev/v1beta1'].map(
      (version) => `apiVersion: ${version}\nkind: Service\nmetadata: {name: a}\n`,
    );
    expect(read(objects.join('---\n')).found).toEqual([
      '1 /Service/default/a',
      '5 serving.knative.dev/Service/default/a',
      '9 serving.knative.dev/Service/default/a',
    ]);
  });

  it('takes lists apart, with the line of each item', () => {
    const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: a}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: b}}
`;
    expect(read(text).found).toEqual([
      '4 /ServiceAccount/default/a',
      '7 /ServiceAccount/default/b',
    ]);
    const typed = '{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]}';
    expect(read(typed).found).toEqual(['1 /Pod/default/a']);
  });

  it('reads JSON, flow style, anchors and merge keys', () => {
    const json = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}';
    expect(read(json).found).toEqual(['1 /Pod/default/a']);
    expect(read('{apiVersion: v1, kind: Pod, metadata: {name: a}}').found).toHaveLength(1);
    const { manifests } = parseManifests(
      'base: &b {app: a}\napiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {<<: *b, x: y}}\n',
      { file: 'm.yaml' },
    );
    expect(manifests[0]?.raw).toMatchObject({ metadata: { labels: { app: 'a', x: 'y' } } });
  });

  it('tells where a document is broken, and goes on with the others', () => {
    const text = `${account('a')}---\nkind: [\nmetadata: x\n---\n${account('b')}`;
    const { found, told, complete } = read(text);
    expect(found).toEqual(['1 /ServiceAccount/shop/a', '8 /ServiceAccount/shop/b']);
    expect(complete).toBe(false);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^invalid_yaml [67] m\.yaml:[67]: /);
  });

  it('refuses aliases that grow without bound', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [index, name] of [...'bcdefgh'].entries()) {
      const before = 'abcdefg'[index];
      lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
    }
    expect(read(lines.join('\n')).told[0]).toMatch(/^invalid_yaml 1 .*alias/);
  });

  it.each([
    ['just text', 'm.yaml:1: the document is the text "just text", not a Kubernetes object'],
    ['- a\n- b', 'm.yaml:1: the document is a list, not a Kubernetes object'],
    ['apiVersion: v1', 'm.yaml:1: the document has no kind'],
    ['kind: Pod', 'm.yaml:1: Pod has no apiVersion'],
    ['apiVersion: v1\nkind: Pod', 'm.yaml:1: Pod has no metadata.name'],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: 12}',
      'm.yaml:1: Pod has a number as metadata.name: put it in quotes',
    ],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: 12}',
      'm.yaml:1: Pod a has a metadata.namespace that is not text: put it in quotes',
    ],
  ])('says what %j lacks', (text, message) => {
    expect(read(text)).toEqual({
      found: [],
      told: [`invalid_manifest 1 ${message}`],
      complete: false,
    });
  });

  it('says nothing about unnamed objects that the mesh would not read', () => {
    const text =
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n';
    expect(read(text)).toEqual({ found: [], told: [], complete: true });
  });

  it('keeps the raw values of documents that did not change, at their new line', () => {
    const before = parseManifests(`${account('a')}---\n${account('b')}`, { file: 'm.yaml' });
    const text = `${account('new')}---\n${account('b')}`.replace('---', '# more\n---');
    const after = parseManifests(text, { file: 'm.yaml', previous: before });
    expect(after.manifests[1]?.raw).toBe(before.manifests[1]?.raw);
    expect([before.manifests[1]?.ref.line, after.manifests[1]?.ref.line]).toEqual([5, 6]);
    expect(after.manifests[0]?.ref.name).toBe('new');
  });

  it('leaves a stream with directives whole', () => {
    const text = `%YAML 1.2\n---\n${account('a')}...\n%YAML 1.2\n---\n${account('b')}`;
    expect(read(text).found).toEqual(['3 /ServiceAccount/shop/a', '9 /ServiceAccount/shop/b']);
  });

  it('reads Windows line ends, and a text block that looks like a marker', () => {
    const text = `${account('a')}---\n${account('b')}`.replaceAll('\n', '\r\n');
    expect(read(text).found).toHaveLength(2);
    const block = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    y\n`;
    expect(read(block).found).toEqual(['1 /ConfigMap/default/a']);
  });
});
