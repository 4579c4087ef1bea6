import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from '../harness/kubectl.ts';
import { loadOf } from '../harness/load.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { openShop, perSecond, restart, scale, type Shop } from './shop.ts';

// Pods come and go all day. Nobody who calls a service of the mesh may notice.

describe('a Deployment of the mesh under constant load', () => {
  const story = openStory();
  afterAll(story.end);
  let shop: Shop;

  beforeAll(async () => {
    await useMesh();
    shop = await openShop(await story.namespace('rolling'), {
      replicas: 2,
      connections: 'keep',
      graceSeconds: 20,
    });
  });

  it('loses no request when all its pods are replaced', async () => {
    const before = (await podsOf(shop.namespace, 'server')).map(nameOf);
    await shop.losesNothing(async () => {
      await restart(shop.namespace, 'deployment/server');
      const after = (await podsOf(shop.namespace, 'server')).map(nameOf);
      expect(after.filter((name) => before.includes(name))).toEqual([]);
      await allAnswer(after);
    });
  });

  it('sends a pod nothing more a second after it was deleted, though the pod would answer', async () => {
    const [pod] = await podsOf(shop.namespace, 'server');
    const name = pod === undefined ? '' : nameOf(pod);
    let [deletedAt, goneAt] = [0, 0];
    const load = await shop.losesNothing(async () => {
      await allAnswer([name]);
      await kubectl('delete', 'pod', '-n', shop.namespace, name, '--wait=false');
      deletedAt = Date.now();
      await kubectl('wait', '-n', shop.namespace, '--for=delete', `pod/${name}`, '--timeout=60s');
      goneAt = Date.now();
    });

    expect(load.last[name]).toBeLessThan(deletedAt + 1000);
    // It lived on, and would have answered.
    expect(goneAt - deletedAt).toBeGreaterThan(3000);
  });

  it('loses no request on the way from 1 pod to 20 and back', async () => {
    await scale(shop.namespace, 'deployment/server', 1);
    await allReady(shop.namespace);
    const load = await shop.losesNothing(async () => {
      await scale(shop.namespace, 'deployment/server', 20);
      await allReady(shop.namespace);
      const all = (await podsOf(shop.namespace, 'server')).map(nameOf);
      expect(all).toHaveLength(20);
      await allAnswer(all);
      await scale(shop.namespace, 'deployment/server', 1);
      await allReady(shop.namespace);
    });
    expect(load.sent).toBeGreaterThan(5 * perSecond);
  }, 240_000);

  async function allAnswer(names: readonly string[]): Promise<void> {
    await until(`${names.length} pods answer`, 30_000, async () => {
      const { by } = await loadOf(shop.load);
      const silent = names.filter((name) => !(name in by));
      return silent.length === 0 ? undefined : `not ${silent.join(', ')}`;
    });
  }
});

function nameOf({ metadata }: { readonly metadata: { readonly name: string } }): string {
  return metadata.name;
}
