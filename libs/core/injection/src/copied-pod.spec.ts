import { describe, expect, it } from 'vitest';
import { injectionRequest, pod, proxyUuid } from '../testing/index.ts';
import { copyBootstrap } from './copied-pod.ts';
import { injectPod } from './inject-pod.ts';
import { renderJson } from './bootstrap.ts';

const otherUuid = '11111111-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const probed = { name: 'app', livenessProbe: { httpGet: { port: 8080 } } };

describe('a copy of an injected pod', () => {
  const original = injectPod(injectionRequest({ pod: pod({ spec: { containers: [probed] } }) }));
  if (original.kind !== 'inject') throw new Error('not injected');

  it('gets another UUID and Secret, and stays the same otherwise', () => {
    const copy = injectPod(injectionRequest({ pod: original.pod, proxyUuid: otherUuid }));
    if (copy.kind !== 'copy') throw new Error(copy.kind);
    expect(copy).toMatchObject({
      originalSecretName: `envoy-bootstrap-config-${proxyUuid}`,
      identity: { namespace: 'shop', serviceAccount: 'bookstore' },
    });
    expect(JSON.stringify(copy.pod)).toBe(
      JSON.stringify(original.pod).replaceAll(proxyUuid, otherUuid),
    );
  });

  it('gets the bootstrap of the original with its own node id', () => {
    const secret = { data: { 'bootstrap.yaml': btoa(renderJson(original.bootstrap)) } };
    expect(copyBootstrap(secret, otherUuid)).toEqual({
      kind: 'ok',
      value: { ...original.bootstrap, node: { id: otherUuid, cluster: 'bookstore.shop' } },
    });
  });

  it.each([{}, { data: {} }, { data: { 'bootstrap.yaml': btoa('node:\n  id: x') } }])(
    'cannot be made from %j',
    (secret) => {
      expect(copyBootstrap(secret, otherUuid).kind).toBe('error');
    },
  );
});
