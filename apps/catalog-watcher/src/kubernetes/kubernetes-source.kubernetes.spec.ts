import { openApiServer, resourcePath, resourceTypes, type ResourceType } from '@osm/kubernetes';
import { createSeededRandom } from '@osm/testkit';
import { systemClock } from '@osm/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import {
  observe,
  patience,
  sourceContract,
  split,
  type ContractWorld,
  type WorldObject,
} from '../../testing/source-contract.ts';
import { createKubernetesSource } from './kubernetes-source.ts';
import { namespacedTypes } from './resources.ts';

const server = openApiServer();
const meshLabel = 'openservicemesh.io/monitored-by';

/**
 * A world of its own: a mesh name that nobody else has, and namespaces that are cleared and handed on. They are deleted in the end,
 * which takes a while.
 */
let worlds = 0;
const namespaces = new Set<string>();
afterAll(async () => {
  for (const path of namespaces) await server.ask({ method: 'DELETE', path });
});
const run = Date.now().toString(36);

function typeOf({ kind }: WorldObject): ResourceType {
  const found = [resourceTypes.namespace, ...namespacedTypes].find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`no type ${kind}`);
  return found;
}

function pathOf(object: WorldObject): string {
  return resourcePath(typeOf(object), object.metadata);
}

function createClusterWorld(): Promise<ContractWorld> {
  const meshName = `contract-${run}-${++worlds}`;
  const there = new Map<string, WorldObject>();
  const source = createKubernetesSource(server, {
    meshName,
    // Nobody's: the settings of a mesh that is installed are no part of the contract.
    meshNamespace: meshName,
    clock: systemClock,
    random: createSeededRandom(1),
  });
  const put = async (object: WorldObject): Promise<void> => {
    const labels = object.kind === 'Namespace' ? { labels: { [meshLabel]: meshName } } : {};
    await server.ask({
      method: 'PATCH',
      path: pathOf(object),
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'contract', force: 'true' },
      body: { ...object, metadata: { ...object.metadata, ...labels } },
    });
    there.set(pathOf(object), object);
    if (object.kind === 'Namespace') namespaces.add(pathOf(object));
  };
  const remove = async (object: WorldObject): Promise<void> => {
    there.delete(pathOf(object));
    if (object.kind === 'Namespace') {
      await server.ask({
        method: 'PATCH',
        path: pathOf(object),
        contentType: 'application/merge-patch+json',
        body: { metadata: { labels: { [meshLabel]: null } } },
      });
    } else await server.ask({ method: 'DELETE', path: pathOf(object) });
  };
  const close = async (): Promise<void> => {
    for (const object of [...there.values()].reverse()) await remove(object);
  };
  return Promise.resolve({ source, put, remove, close });
}

sourceContract('Kubernetes API', createClusterWorld);

describe('Kubernetes source', () => {
  it('tells a namespace that joins together with all that is in it, and forgets one that leaves', async () => {
    const world = await createClusterWorld();
    const shop = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await world.put(shop);
    await world.put(split('a', 1));
    await world.remove(shop);
    const observed = observe(world.source);
    try {
      await expect.poll(observed.listed, patience).toBe(1);
      expect(observed.objects.size).toBe(0);
      await world.put(shop);
      await expect.poll(() => observed.objects.size, patience).toBe(1);
      await world.put(split('b', 1));
      await expect.poll(() => observed.objects.size, patience).toBe(2);
      await world.remove(shop);
      await expect.poll(() => observed.objects.size, patience).toBe(0);
    } finally {
      await observed.stop();
      await world.put(shop);
      await world.close();
    }
  });
});
