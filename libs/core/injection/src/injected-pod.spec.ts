import { describe, expect, it } from 'vitest';
import { injectionRequest, pod, proxyUuid } from '../testing/index.ts';
import { emitBootstrapSecret, renewBootstrapSecret } from './bootstrap-secret.ts';
import { renderJson } from './bootstrap.ts';
import { noAbilities, type ClusterAbilities } from './form.ts';
import { injectAgain, injectPod } from './inject-pod.ts';
import { copyBootstrap, forwardingOf, isOwned } from './injected-pod.ts';
import type { JsonObject } from './json.ts';
import { noForwarding } from './probes.ts';

const otherUuid = '11111111-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const probed = { name: 'app', livenessProbe: { httpGet: { port: 8080 } } };

describe('a copy of an injected pod', () => {
  const original = injectPod(injectionRequest({ pod: pod({ spec: { containers: [probed] } }) }));
  if (original.kind !== 'inject') throw new Error('not injected');

  it('gets another UUID and Secret, and stays the same otherwise', () => {
    const copy = injectPod(injectionRequest({ pod: original.pod, proxyUuid: otherUuid }));
    if (copy.kind !== 'injected') throw new Error(copy.kind);
    expect(copy).toMatchObject({
      secretName: `envoy-bootstrap-config-${proxyUuid}`,
      proxyUuid,
      identity: { namespace: 'shop', serviceAccount: 'bookstore' },
    });
    expect(JSON.stringify(copy.copy)).toBe(
      JSON.stringify(original.pod).replaceAll(proxyUuid, otherUuid),
    );
  });

  it('does not pass for the original without its label, or with another one', () => {
    const metadata = { labels: { 'osm-proxy-uuid': otherUuid } };
    for (const parts of [{ metadata }, { metadata: {} }]) {
      const found = injectPod(injectionRequest({ pod: { ...original.pod, ...parts } }));
      expect(found).toMatchObject({ kind: 'injected', proxyUuid: undefined });
    }
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

describe('a bootstrap Secret', () => {
  it('is owned once it has an owner', () => {
    expect(isOwned({ metadata: { ownerReferences: [{ kind: 'Pod' }] } })).toBe(true);
    for (const secret of [{}, { metadata: {} }, { metadata: { ownerReferences: [] } }])
      expect(isOwned(secret)).toBe(false);
  });

  it.each([{}, { metadata: { annotations: { 'openservicemesh.io/forwarded-probes': '{' } } }])(
    'that says nothing of probes says that there are none: %j',
    (secret) => {
      expect(forwardingOf(secret)).toEqual(noForwarding);
    },
  );
});

describe('a pod that is asked about again', () => {
  const certificate = { chainPem: '', privateKeyPem: '', rootsPem: [], trustBundleId: 'id' };
  const able = { nativeSidecars: true, sleepAction: true };
  const every = [
    {
      name: 'app',
      livenessProbe: { httpGet: { port: 8080, path: '/live' } },
      readinessProbe: { grpc: { port: 9000 } },
      startupProbe: { tcpSocket: { port: 5432 } },
    },
    { name: 'tls', livenessProbe: { httpGet: { port: 8443, scheme: 'HTTPS' } } },
  ];

  function first(abilities: ClusterAbilities, annotations = {}) {
    const own = pod({ metadata: { annotations }, spec: { containers: every } });
    const result = injectPod(injectionRequest({ pod: own, abilities }));
    if (result.kind !== 'inject') throw new Error(result.kind);
    const { bootstrap, probes } = result;
    const secret = emitBootstrapSecret({
      ...{ proxyUuid, namespace: 'shop', meshName: 'osm', version: 'v1' },
      ...{ bootstrap, probes, certificate },
    });
    return { ...result, secret };
  }

  function again(document: unknown, abilities: ClusterAbilities, secret?: JsonObject) {
    const known = secret === undefined ? noForwarding : forwardingOf(secret);
    const result = injectAgain(injectionRequest({ pod: document, abilities }), known);
    if (result.kind !== 'inject') throw new Error(result.message);
    return result;
  }

  it.each([
    ['native', able, {}],
    ['classic', noAbilities, {}],
    ['proxyless', able, { 'openservicemesh.io/proxyless-grpc': 'enabled' }],
  ])('stays as it is when nobody changed it, with its bootstrap: %s', (_form, abilities, notes) => {
    const { pod: patched, secret, bootstrap } = first(abilities, notes);
    const result = again(patched, abilities, secret);
    expect(result.pod).toEqual(patched);
    expect(result.bootstrap).toEqual(bootstrap);
    expect(renewBootstrapSecret(secret, result)).toEqual(secret);
  });

  it('stays as it is in a dry run, of which there is no Secret', () => {
    const { pod: patched } = first(able);
    expect(again(patched, able).pod).toEqual(patched);
  });

  it('keeps what the API server has filled in and others have added', () => {
    const { pod: patched, secret } = first(able);
    const filled = fillIn(patched);
    expect(filled).not.toEqual(patched);
    expect(again(filled, able, secret).pod).toEqual(filled);
  });

  it.each([
    ['native', able],
    ['classic', noAbilities],
  ])('has probes of a container that came later through its proxy: %s', (form, abilities) => {
    const { pod: patched, secret } = first(abilities);
    const spec = patched['spec'] as { readonly containers: readonly JsonObject[] };
    const later = {
      name: 'later',
      livenessProbe: { httpGet: { port: 7000 } },
      readinessProbe: { grpc: { port: 7001 } },
    };
    const changed = { ...patched, spec: { ...spec, containers: [...spec.containers, later] } };
    const result = again(changed, abilities, secret);
    const { containers } = result.pod['spec'] as { readonly containers: readonly JsonObject[] };
    expect(containers.find(({ name }) => name === 'later')).toMatchObject({
      livenessProbe: { httpGet: { port: 15901, path: '/osm-liveness-probe/later' } },
      readinessProbe: { grpc: { port: 15911 } },
    });
    if (form === 'classic') expect(containers.at(-1)).toMatchObject({ name: 'envoy' });
    expect(JSON.stringify(result.pod)).toContain('--dport 15911');
    const text = JSON.stringify(result.bootstrap);
    for (const name of ['app_liveness', 'tls_liveness', 'later_liveness', 'grpc_probe_7001'])
      expect(text).toContain(`${name}_cluster`);
    const renewed = renewBootstrapSecret(secret, result);
    expect(forwardingOf(renewed)).toEqual(result.probes);
    expect(again(result.pod, abilities, renewed).pod).toEqual(result.pod);
  });

  /** As the API server does: defaults, and a token for every container. */
  function fillIn(document: JsonObject): JsonObject {
    const spec = document['spec'] as Readonly<Record<string, readonly JsonObject[]>>;
    const container = (found: JsonObject): JsonObject => ({
      ...found,
      terminationMessagePath: '/dev/termination-log',
      volumeMounts: [
        ...((found['volumeMounts'] ?? []) as readonly JsonObject[]),
        { name: 'token', mountPath: '/token' },
      ],
    });
    return {
      ...document,
      spec: {
        ...spec,
        containers: (spec['containers'] ?? []).map(container),
        initContainers: (spec['initContainers'] ?? []).map(container),
        volumes: [{ name: 'token' }, ...(spec['volumes'] ?? [])],
      },
    };
  }
});
