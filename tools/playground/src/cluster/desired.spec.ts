import { describe, expect, it } from 'vitest';
import { readDesired, type Desired } from './desired.ts';
import { parseManifestFile } from './manifests.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n';

function desired(text: string): Desired {
  return readDesired(parseManifestFile('a.yaml', namespace + text).manifests);
}

function deployment(
  more: { readonly spec?: string; readonly template?: string; readonly containers?: string } = {},
): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  ${more.spec ?? 'replicas: 2'}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}${more.template ?? ''}}
    spec: {containers: ${more.containers ?? '[{name: c, command: [run]}]'}}
`;
}

describe('readDesired', () => {
  it('gives the pods of a StatefulSet a volume for each of its volumeClaimTemplates', () => {
    const text = deployment({
      spec: 'volumeClaimTemplates: [{metadata: {name: data}}]',
      containers: '[{name: c, command: [run], volumeMounts: [{name: data, mountPath: /data}]}]',
    });
    const { workloads, problems } = desired(text.replace('Deployment', 'StatefulSet'));
    expect(problems).toEqual([]);
    expect(workloads).toMatchObject([
      { claims: ['data'], spec: { volumes: [{ kind: 'claim', name: 'data', claim: 'data' }] } },
    ]);
  });

  it('reads a Deployment', () => {
    const { workloads, problems } = desired(deployment());
    expect(problems).toEqual([]);
    expect(
      workloads.map(({ kind, namespace: ns, name, replicas, recreate }) => [
        kind,
        ns,
        name,
        replicas,
        recreate,
      ]),
    ).toEqual([['Deployment', 'shop', 'web', 2, false]]);
  });

  it('replaces pods when the template changed, and only then', () => {
    const hash = (text: string): string | undefined => desired(text).workloads[0]?.hash;
    expect(hash(deployment({ spec: 'replicas: 7' }))).toBe(hash(deployment()));
    expect(hash(deployment({ containers: '[{command: [run], name: c}]' }))).toBe(
      hash(deployment()),
    );
    expect(hash(deployment({ containers: '[{name: c, command: [walk]}]' }))).not.toBe(
      hash(deployment()),
    );
    expect(hash(deployment({ template: ', annotations: {a: b}' }))).not.toBe(hash(deployment()));
  });

  it('knows which namespaces are in the mesh', () => {
    const { namespaces } = readDesired(
      parseManifestFile(
        'a.yaml',
        ['in', 'out', 'ignored']
          .map((name) => {
            const labels =
              name === 'out'
                ? '{}'
                : `{openservicemesh.io/monitored-by: osm${name === 'ignored' ? ", openservicemesh.io/ignore: 'true'" : ''}}`;
            return `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: ${labels}, annotations: {openservicemesh.io/sidecar-injection: enabled}}\n`;
          })
          .join('---\n'),
      ).manifests,
    );
    expect(
      [...namespaces.values()].filter(({ isMeshed }) => isMeshed).map(({ name }) => name),
    ).toEqual(['in']);
    expect(namespaces.get('in')?.injection).toBe('enabled');
    expect(namespaces.has('default')).toBe(true);
  });

  it.each([
    [
      'a field of another form',
      deployment({ containers: '[{name: c, command: run}]' }),
      'spec.template.spec.containers[0].command must be a list of texts',
    ],
    [
      'a number that should be a text',
      deployment({ containers: '[{name: c, args: [1]}]' }),
      'put numbers in quotes',
    ],
    ['no containers', deployment({ containers: '[]' }), 'at least one container'],
    [
      'a mount without volume',
      deployment({ containers: '[{name: c, volumeMounts: [{name: v, mountPath: /x}]}]' }),
      'mounts volume "v"',
    ],
    [
      'a selector that does not match',
      deployment({ spec: 'replicas: 1' }).replace(
        'matchLabels: {app: web}',
        'matchLabels: {app: other}',
      ),
      'app: other',
    ],
    [
      'an unknown namespace',
      deployment().replace('namespace: shop', 'namespace: nowhere'),
      'namespace "nowhere" does not exist',
    ],
    [
      'a kind that is not run',
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: db, namespace: shop}\n',
      'runs only Deployments',
    ],
  ])('reports %s and leaves the object out', (_what, text, message) => {
    const { workloads, problems } = desired(text);
    expect(workloads).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.line).toBe(5);
  });

  it('remembers which workloads are broken, so that their pods stay', () => {
    expect([...desired(deployment({ containers: '[]' })).broken]).toEqual(['Deployment/shop/web']);
  });

  it('takes the first of two objects with one name, as the mesh does, and says so', () => {
    const { workloads, problems } = desired(
      `${deployment()}---\n${deployment({ spec: 'replicas: 5' })}`,
    );
    expect(workloads.map(({ replicas }) => replicas)).toEqual([2]);
    expect(problems).toMatchObject([
      {
        line: 15,
        message:
          'Deployment shop/web: is written twice; the one at a.yaml:5 counts, remove the other',
      },
    ]);
  });

  it('decodes ConfigMaps and Secrets', () => {
    const { contents } = desired(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {a: aGk=}\nstringData: {b: ho}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {k: v}\n',
    );
    const texts = (key: string): unknown =>
      [...(contents.get(key) ?? [])].map(([name, bytes]) => [name, bytes.toString()]);
    expect(texts('Secret/shop/s')).toEqual([
      ['a', 'hi'],
      ['b', 'ho'],
    ]);
    expect(texts('ConfigMap/shop/c')).toEqual([['k', 'v']]);
  });
});
