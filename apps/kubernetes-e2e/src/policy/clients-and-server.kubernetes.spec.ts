import { afterAll, beforeAll, describe, it } from 'vitest';
import { answers } from '../harness/calls.ts';
import { apply, remove, type Manifest } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady } from '../harness/pods.ts';
import { httpRoutes, trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

describe('deployment_client_server: several clients, one server', () => {
  const story = openStory();
  afterAll(story.end);
  const clients = ['client-1', 'client-2', 'client-3'];
  let home = '';
  let url = '';
  let targets: readonly Manifest[] = [];

  beforeAll(async () => {
    await useMesh();
    home = await story.namespace('clients');
    const namespace = await story.namespace('server');
    url = `http://server.${namespace}/`;
    const server = { name: 'server', namespace };
    const rules = [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }];
    targets = clients.map((name) =>
      trafficTarget({ name, namespace }, server, [{ name, namespace: home }], rules),
    );
    const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
    await apply(
      ...workload({ ...server, serves: ['http:8080'], ports }),
      ...clients.flatMap((name) => workload({ name, namespace: home })),
      httpRoutes({ name: 'routes', namespace }),
      ...targets,
    );
    await allReady(namespace, home);
  });

  it.each(clients)('%s is served', (app) => answers({ namespace: home, app }, { url }, '200'));

  it('refuses all of them when their TrafficTargets are deleted', async () => {
    await remove(...targets);
    for (const app of clients) await answers({ namespace: home, app }, { url }, 'refused');
  });
});
