import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, call } from '../harness/calls.ts';
import { apply, remove, type Manifest } from '../harness/kubectl.ts';
import { changeMeshConfig, useMesh } from '../harness/mesh.ts';
import { allReady, hasSidecar, podsOf } from '../harness/pods.ts';
import { httpRoutes, trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

// OSM's rows `permissive` and `permissive_smi_switching`, one story: the same pods, the switch thrown back and forth.

const permissive = (isOn: boolean): Promise<void> =>
  changeMeshConfig({ traffic: { enablePermissiveTrafficPolicyMode: isOn } });

describe('permissive mode, permissive_smi_switching', () => {
  const story = openStory();
  afterAll(story.end);
  let client = { namespace: '', app: 'client' };
  let outsider = { namespace: '', app: 'outsider' };
  let url = '';
  let policy: readonly Manifest[] = [];

  beforeAll(async () => {
    await useMesh();
    const namespace = await story.namespace('permissive');
    const outside = await story.plainNamespace('outside');
    client = { namespace, app: 'client' };
    outsider = { namespace: outside, app: 'outsider' };
    url = `http://server.${namespace}.svc.cluster.local/`;
    const server = { name: 'server', namespace };
    policy = [
      httpRoutes({ name: 'routes', namespace }),
      trafficTarget(
        { name: 'target', namespace },
        server,
        [{ name: 'client', namespace }],
        [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }],
      ),
    ];
    await apply(
      ...workload({
        ...server,
        serves: ['http:8080'],
        ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      }),
      ...workload({ name: 'client', namespace }),
      ...workload({ name: 'outsider', namespace: outside }),
    );
    await allReady(namespace, outside);
  });

  it('has sidecars where the namespace belongs to the mesh, and nowhere else', async () => {
    const [meshed] = await podsOf(client.namespace, 'client');
    const [plain] = await podsOf(outsider.namespace, 'outsider');
    expect([meshed && hasSidecar(meshed), plain && hasSidecar(plain)]).toEqual([true, false]);
  });

  it('lets everybody in the mesh call everybody, without any policy', async () => {
    await permissive(true);
    await answers(client, { url }, '200');
  });

  it('resets who comes in plain text from outside the mesh', async () => {
    await answers(outsider, { url }, 'reset', { times: 3 });
    expect((await call(client, { url })).words).toEqual({ '200': 1 });
  });

  it('refuses the same call as soon as it is off: the client may call nothing', async () => {
    await permissive(false);
    await answers(client, { url }, 'refused');
  });

  it('serves what policy allows when it is off', async () => {
    await apply(...policy);
    await answers(client, { url }, '200');
  });

  it('needs no policy when it is on again, and obeys it when it is off again', async () => {
    await permissive(true);
    await remove(...policy);
    await answers(client, { url }, '200');
    await permissive(false);
    await answers(client, { url }, 'refused');
  });
});
