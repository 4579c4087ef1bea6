import { Injection } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { pod, shop } from '../testing/index.ts';
import { decideInjection } from './decision.ts';
import { parsePod } from './pod.ts';

const key = 'openservicemesh.io/sidecar-injection';

function decide(options: {
  wish?: string | undefined;
  spec?: Record<string, unknown>;
  namespace?: Partial<typeof shop> | 'foreign';
  namespaceName?: string;
}) {
  const annotations = options.wish === undefined ? {} : { [key]: options.wish };
  const parsed = parsePod({
    ...pod(),
    metadata: { annotations },
    spec: { ...(pod()['spec'] as object), ...options.spec },
  });
  if (parsed.kind === 'error') throw new Error(parsed.error);
  return decideInjection({
    pod: parsed.value,
    namespaceName: options.namespaceName ?? 'shop',
    namespace: options.namespace === 'foreign' ? undefined : { ...shop, ...options.namespace },
    meshNamespace: 'osm-system',
  });
}

const unset = { injection: Injection.INJECTION_UNSET };
const disabled = { injection: Injection.INJECTION_DISABLED };

describe('decideInjection', () => {
  it.each([
    [undefined, shop, 'inject'],
    [undefined, unset, 'skip'],
    [undefined, disabled, 'skip'],
    ['enabled', unset, 'inject'],
    ['enabled', disabled, 'inject'],
    ['disabled', shop, 'skip'],
    ['YES', unset, 'inject'],
    ['True', unset, 'inject'],
    ['No', shop, 'skip'],
    ['false', shop, 'skip'],
    ['', shop, 'deny'],
    ['maybe', disabled, 'deny'],
  ])('with %j on the pod and %j on the namespace: %s', (wish, namespace, kind) => {
    expect(decide({ wish, namespace }).kind).toBe(kind);
  });

  it('denies with the annotation, its value and what it may be', () => {
    expect(decide({ wish: 'maybe' })).toEqual({
      kind: 'deny',
      message: `pod: annotation ${key}: "maybe" is none of enabled, yes, true, disabled, no, false`,
    });
  });

  it('denies for a wrong annotation of the namespace, even where the pod decides', () => {
    const namespace = { injection: Injection.INJECTION_INVALID, injectionText: 'on' };
    expect(decide({ wish: 'enabled', namespace })).toEqual({
      kind: 'deny',
      message: `namespace shop: annotation ${key}: "on" is none of enabled, yes, true, disabled, no, false`,
    });
  });

  it.each([
    ['host network', { spec: { hostNetwork: true } }],
    ['Windows', { spec: { nodeSelector: { 'kubernetes.io/os': 'Windows' } } }],
    ['a foreign namespace', { namespace: 'foreign' as const }],
    ['an ignored namespace', { namespace: { ignored: true } }],
    ['kube-system', { namespaceName: 'kube-system' }],
    ['kube-public', { namespaceName: 'kube-public' }],
    ['the namespace of the mesh', { namespaceName: 'osm-system' }],
  ])('skips %s whatever the pod wants', (_what, options) => {
    expect(decide({ wish: 'enabled', ...options }).kind).toBe('skip');
  });
});
