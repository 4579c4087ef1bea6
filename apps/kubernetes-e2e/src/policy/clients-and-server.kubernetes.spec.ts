import { afterAll, beforeAll, describe, it } from 'vitest';
import { answers } from '../harness/calls.ts';
import { apply, remove, type Manifest } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady } from '../harness/pods.ts';
import { httpRoutes, trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

// OSM's rows deployment_client_server, deployment_client_headless_server, client_server_connectivity: the same clients, two servers.
// The first client has a Service of its own; a client needs none.
const clients = ['client-1', 'client-2', 'client-3'];
const servers = [
  { name: 'server', row: 'deployment_client_server: a server with a normal Service' },
  { name: 'headless', row: 'deployment_client_headless_server: a server with a headless Service' },
];

describe('client_server_connectivity: several clients, with a Service and without', () => {
  const story = openStory();
  afterAll(story.end);
  let home = '';
  let namespace = '';
  let targets: readonly Manifest[] = [];
  const urlOf = (server: string): string => `http://${server}.${namespace}:8080/`;

  beforeAll(async () => {
    await useMesh();
    home = await story.namespace('clients');
    namespace = await story.namespace('server');
    const rules = [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }];
    targets = servers.flatMap(({ name }) =>
      clients.map((client) =>
        trafficTarget(
          { name: `${name}-${client}`, namespace },
          { name, namespace },
          [{ name: client, namespace: home }],
          rules,
        ),
      ),
    );
    const ports = [{ name: 'http', port: 8080 }];
    const serves = ['http:8080'];
    await apply(
      ...workload({ name: 'server', namespace, serves, ports }),
      ...workload({ name: 'headless', namespace, serves, ports, headless: true }),
      ...clients.flatMap((name) =>
        workload({ name, namespace: home, ...(name === 'client-1' ? { ports } : {}) }),
      ),
      httpRoutes({ name: 'routes', namespace }),
      ...targets,
    );
    await allReady(namespace, home);
  });

  describe.each(servers)('$row', ({ name }) => {
    it.each(clients)('serves %s', (app) =>
      answers({ namespace: home, app }, { url: urlOf(name) }, '200'),
    );
  });

  it('refuses all of them when their TrafficTargets are deleted', async () => {
    await remove(...targets);
    for (const { name } of servers)
      for (const app of clients)
        await answers({ namespace: home, app }, { url: urlOf(name) }, 'refused');
  });
});
