import { afterAll, beforeAll, describe, it } from 'vitest';
import { answers } from '../harness/calls.ts';
import { apply, kubectl, remove } from '../harness/kubectl.ts';
import { meshNamespace, useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { loadOf } from '../harness/load.ts';
import { workload } from '../harness/workloads.ts';
import { openShop, restart, scale, type Shop } from './shop.ts';

// OSM's row `controller_restart`, for each part of the control plane: it may go at any time, and what was changed meanwhile arrives.

const parts = [
  'deployment/osm-catalog-watcher',
  'deployment/osm-policy-compiler',
  'deployment/osm-controller',
  'deployment/osm-certificate-manager',
  'deployment/osm-injector',
  'statefulset/osm-nats',
] as const;

describe('under constant load', () => {
  const story = openStory();
  afterAll(story.end);
  let shop: Shop;
  let client = { namespace: '', app: 'client' };

  beforeAll(async () => {
    await useMesh();
    const namespace = await story.namespace('restart');
    client = { namespace, app: 'client' };
    await apply(...workload({ name: 'client', namespace }));
    shop = await openShop(namespace, { replicas: 2, connections: 'fresh' });
  });
  // Whatever happened, the control plane is complete for those who come next.
  afterAll(async () => {
    for (const part of parts) await scale(meshNamespace, part, 1);
    await allReady(meshNamespace);
  });

  it.each(parts)('%s is restarted, and no request is lost', async (part) => {
    await shop.losesNothing(() => restart(meshNamespace, part));
  });

  it.each(parts)(
    '%s is away: no request is lost, and changes made meanwhile arrive',
    async (part) => {
      const allowed = trafficTarget(
        { name: 'allowed-meanwhile', namespace: shop.namespace },
        { name: 'server', namespace: shop.namespace },
        [{ name: 'client', namespace: shop.namespace }],
        [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }],
      );
      const url = `http://server.${shop.namespace}/`;
      await answers(client, { url }, 'refused');

      await shop.losesNothing(async () => {
        await scale(meshNamespace, part, 0);
        await gone(part);
        await apply(allowed);
        await scale(shop.namespace, 'deployment/server', 3);
        await scale(meshNamespace, part, 1);

        await allReady(meshNamespace, shop.namespace);
        await answers(client, { url }, '200', { limitMs: 30_000 });
        const names = (await podsOf(shop.namespace, 'server')).map(({ metadata }) => metadata.name);
        await until('every server answers, the new one, too', 30_000, async () => {
          const { by } = await loadOf(shop.load);
          const silent = names.filter((name) => !(name in by));
          return silent.length === 0 ? undefined : `${silent.join()} does not`;
        });
      });

      await remove(allowed);
      await scale(shop.namespace, 'deployment/server', 2);
      await allReady(shop.namespace);
    },
  );
});

async function gone(part: string): Promise<void> {
  const app = part.split('/')[1] ?? '';
  await kubectl(
    ...['wait', '-n', meshNamespace, '--for=delete', 'pod', '-l', `app=${app}`, '--timeout=60s'],
  );
}
