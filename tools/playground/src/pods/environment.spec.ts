import { describe, expect, it } from 'vitest';
import { containerEnvironment, expand, type PodFacts } from './environment.ts';
import { parsePodSpec } from './pod-spec.ts';
import type { Json } from '../cluster/json.ts';

const facts: PodFacts = {
  name: 'web-1',
  namespace: 'shop',
  uid: 'u',
  ip: '10.0.0.7',
  hostIp: '10.0.255.253',
  serviceAccount: 'web',
  labels: new Map([['app', 'web']]),
  annotations: new Map(),
  contents: ({ kind, name }) =>
    kind === 'ConfigMap' && name === 'm' ? new Map([['K', Buffer.from('v')]]) : undefined,
};

function environment(container: Record<string, Json>) {
  const spec = parsePodSpec({ containers: [{ name: 'c', ...container }] });
  if (spec.kind === 'error' || spec.value.containers[0] === undefined)
    throw new Error('test container');
  return containerEnvironment(spec.value.containers[0], facts);
}

describe('containerEnvironment', () => {
  it('resolves values, fields and references in order', () => {
    const ref = (fieldPath: string): Json => ({ fieldRef: { fieldPath } });
    const result = environment({
      envFrom: [{ configMapRef: { name: 'm' }, prefix: 'M_' }],
      env: [
        { name: 'IP', valueFrom: ref('status.podIP') },
        { name: 'APP', valueFrom: ref("metadata.labels['app']") },
        { name: 'URL', value: 'http://$(IP):80/$(NOPE)/$$(IP)' },
      ],
    });
    expect(result).toMatchObject({
      kind: 'ok',
      value: {
        M_K: 'v',
        IP: '10.0.0.7',
        APP: 'web',
        URL: 'http://10.0.0.7:80/$(NOPE)/$(IP)',
        HOSTNAME: 'web-1',
      },
    });
  });

  it('says what is missing, unless it is optional', () => {
    const key = (optional: boolean): Json => ({
      configMapKeyRef: { name: 'm', key: 'none', optional },
    });
    expect(environment({ env: [{ name: 'A', valueFrom: key(false) }] })).toEqual({
      kind: 'error',
      error: 'container c: env A: there is no key none in ConfigMap m',
    });
    expect(environment({ env: [{ name: 'A', valueFrom: key(true) }] }).kind).toBe('ok');
  });
});

describe('expand', () => {
  it('leaves unknown variables as they are', () => {
    expect(expand('$(A)-$(B)', { A: 'x' })).toBe('x-$(B)');
  });
});
