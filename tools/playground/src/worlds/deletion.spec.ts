import { describe, expect, it } from 'vitest';
import { deletionOf, type Deletable } from './deletion.ts';

const object = (
  kind: string,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Deletable => ({ kind, namespace, name, body: { kind, metadata: { namespace, name, labels } } });

const objects = [
  object('Namespace', '', 'a'),
  object('Service', 'a', 'x', { app: 'x' }),
  object('Service', 'a', 'y'),
  object('Service', 'b', 'x'),
  object('Service', 'default', 'x'),
  object('TrafficTarget', 'a', 'x'),
  object('Egress', 'a', 'x'),
  object('IngressBackend', 'a', 'x'),
];

const deleted = (...args: string[]): string[] =>
  objects
    .filter(deletionOf(args))
    .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);

describe('kubectl delete', () => {
  it('deletes the named objects of one kind and namespace', () => {
    expect(deleted('service', '-n', 'a', 'x', 'y', 'z')).toEqual(['Service a/x', 'Service a/y']);
    expect(deleted('service', 'x')).toEqual(['Service default/x']);
  });

  it.each([
    'traffictarget',
    'traffictargets',
    'TrafficTarget',
    'tt',
    'traffictarget.access.smi-spec.io',
  ])('takes %s for a kind', (kind) =>
    expect(deleted(kind, '-n', 'a', 'x')).toEqual(['TrafficTarget a/x']),
  );

  it.each(['egress', 'egresses', 'egress.policy.openservicemesh.io'])(
    'takes %s for Egress',
    (kind) => expect(deleted(kind, 'x', '--namespace=a')).toEqual(['Egress a/x']),
  );

  it('takes kind/name, several kinds, labels and --all', () => {
    expect(deleted('-n', 'a', 'svc/y', 'tt/x')).toEqual(['Service a/y', 'TrafficTarget a/x']);
    expect(deleted('svc,tt', '-n', 'a', 'x')).toEqual(['Service a/x', 'TrafficTarget a/x']);
    expect(deleted('svc', '-n', 'a', '-l', 'app=x')).toEqual(['Service a/x']);
    expect(deleted('svc', '-n', 'a', '--all')).toEqual(['Service a/x', 'Service a/y']);
  });

  it('deletes what is in a namespace with it', () => {
    expect(deleted('namespace', 'b')).toEqual(['Service b/x']);
    expect(deleted('ns', 'a')).toHaveLength(6);
  });
});
