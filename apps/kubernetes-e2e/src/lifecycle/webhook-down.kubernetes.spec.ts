import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers } from '../harness/calls.ts';
import { apply, kubectl, tryApply, type Manifest } from '../harness/kubectl.ts';
import { meshNamespace, useMesh } from '../harness/mesh.ts';
import { allReady, hasSidecar, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { testImage } from '../harness/workloads.ts';
import { openShop, restart, scale, type Shop } from './shop.ts';

// With OSM an injector that was away could stop a cluster. Here it stops what it is there for, and nothing else.

const injector = 'deployment/osm-injector';

describe('while the injector is away', () => {
  const story = openStory();
  let shop: Shop;
  let outside = '';

  beforeAll(async () => {
    await useMesh();
    shop = await openShop(await story.namespace('inside'), { replicas: 1, connections: 'keep' });
    outside = await story.plainNamespace('outside');
    await scale(meshNamespace, injector, 0);
    await kubectl(
      ...['wait', '-n', meshNamespace, '--for=delete', 'pod', '-l', 'app=osm-injector'],
      '--timeout=60s',
    );
  });
  afterAll(async () => {
    await scale(meshNamespace, injector, 1);
    await allReady(meshNamespace);
    await story.end();
  });

  it('namespaces outside the mesh make pods as ever', async () => {
    await apply(plainPod('pod', outside));
    await kubectl('wait', '-n', outside, 'pod/pod', '--for=condition=Ready', '--timeout=60s');
  });

  it('the control plane itself may be restarted', async () => {
    await shop.losesNothing(() => restart(meshNamespace, 'deployment/osm-policy-compiler'));
  });

  it('a pod of the mesh is refused, with words that tell which part is missing', async () => {
    const { status, errors } = await tryApply(plainPod('refused', shop.namespace));
    expect(status).not.toBe(0);
    expect(errors).toContain('failed calling webhook "osm-inject.k8s.io"');
    // Of the reason, which the API server adds, each cluster has its own.
    expect(errors).toContain(`https://osm-injector.${meshNamespace}.svc`);
    // Rather no pod than one that evades the mesh.
    expect(await podsOf(shop.namespace, 'refused')).toEqual([]);
  });

  it('what runs goes on', async () => {
    await shop.losesNothing(() =>
      answers(shop.load, { url: `http://server.${shop.namespace}/` }, '200'),
    );
  });

  it('and when it is back, pods get their sidecar again', async () => {
    await scale(meshNamespace, injector, 1);
    await allReady(meshNamespace);
    await apply(plainPod('accepted', shop.namespace));
    await kubectl(
      ...['wait', '-n', shop.namespace, 'pod/accepted', '--for=condition=Ready', '--timeout=60s'],
    );
    const [pod] = await podsOf(shop.namespace, 'accepted');
    expect(pod && hasSidecar(pod)).toBe(true);
  });
});

function plainPod(name: string, namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: testImage, command: ['node', 'serve.mjs'] }],
    },
  };
}
