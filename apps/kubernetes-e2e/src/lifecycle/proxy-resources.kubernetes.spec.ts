import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectlJson } from '../harness/kubectl.ts';
import { changeMeshConfig, useMesh } from '../harness/mesh.ts';
import { allReady, type Pod } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { workload } from '../harness/workloads.ts';

// OSM's row `proxy_resource_limits`: what MeshConfig gives to proxies is what new pods have.

interface Container {
  readonly name: string;
  readonly resources?: object;
}

const resources = {
  limits: { cpu: '750m', memory: '200Mi' },
  requests: { cpu: '20m', memory: '64Mi' },
};

describe('resources of proxies (proxy_resource_limits)', () => {
  const story = openStory();
  afterAll(story.end);
  afterAll(() => changeMeshConfig({ sidecar: { resources: null } }));
  let namespace = '';

  beforeAll(async () => {
    await useMesh();
    namespace = await story.namespace('resources');
  });

  it('are none at first, then those of MeshConfig', async () => {
    await create('before');
    expect(await proxyResources('before')).toEqual({});
    await changeMeshConfig({ sidecar: { resources } });
    let pods = 0;
    await until('a new pod has them', 15_000, async () => {
      const name = `after-${++pods}`;
      await create(name);
      const found = JSON.stringify(await proxyResources(name));
      return found === JSON.stringify(resources) ? undefined : found;
    });
    await allReady(namespace);
  });

  async function create(name: string): Promise<void> {
    await apply(...workload({ name, namespace, serves: ['http:8080'] }));
    await until(`${name} has a pod`, 15_000, async () =>
      (await pods(name)).length > 0 ? undefined : 'none',
    );
  }

  async function proxyResources(name: string): Promise<object | undefined> {
    const [pod] = await pods(name);
    const { containers = [], initContainers = [] } = pod?.spec ?? {};
    const all: readonly Container[] = [...containers, ...initContainers];
    return all.find((container) => container.name === 'envoy')?.resources;
  }

  async function pods(app: string): Promise<readonly Pod[]> {
    const list = await kubectlJson<{ items: readonly Pod[] }>(
      ...['get', 'pods', '-n', namespace, '-l', `app=${app}`],
    );
    return list.items;
  }
});
