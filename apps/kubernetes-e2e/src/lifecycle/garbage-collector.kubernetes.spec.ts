import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl, kubectlJson } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { workload } from '../harness/workloads.ts';

// OSM's row `garbage_collector`: the Secret with a proxy's key lives as long as its pod.

interface Secret {
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
}

describe('bootstrap Secrets', () => {
  const story = openStory();
  afterAll(story.end);
  let namespace = '';

  beforeAll(async () => {
    await useMesh();
    namespace = await story.namespace('garbage');
    await apply(...workload({ name: 'server', namespace, serves: ['http:8080'], replicas: 2 }));
    await allReady(namespace);
  });

  it('belong to their pods, one each', async () => {
    const pods = (await podsOf(namespace)).map(({ metadata: { name, uid, labels } }) => ({
      secret: `envoy-bootstrap-config-${labels?.['osm-proxy-uuid'] ?? ''}`,
      owners: [{ kind: 'Pod', name, uid }],
    }));
    await until('every Secret has its owner', 15_000, async () => {
      const found = await bootstrapSecrets();
      const owned = found.filter(({ owners }) => owners.length > 0);
      return owned.length === found.length ? undefined : `${owned.length} of ${found.length}`;
    });
    const bySecret = (a: { secret: string }, b: { secret: string }): number =>
      a.secret < b.secret ? -1 : 1;
    expect([...(await bootstrapSecrets())].sort(bySecret)).toEqual([...pods].sort(bySecret));
  });

  it('go with them', async () => {
    await kubectl('scale', '-n', namespace, 'deployment/server', '--replicas=0');
    await until('no bootstrap Secret is left', 60_000, async () => {
      const left = await bootstrapSecrets();
      return left.length === 0 ? undefined : left.map(({ secret }) => secret).join();
    });
  });

  async function bootstrapSecrets() {
    const { items } = await kubectlJson<{ items: readonly Secret[] }>(
      ...['get', 'secrets', '-n', namespace],
    );
    return items
      .filter(({ metadata }) => metadata.name.startsWith('envoy-bootstrap-config-'))
      .map(({ metadata: { name, ownerReferences = [] } }) => ({
        secret: name,
        owners: ownerReferences.map(({ kind, name, uid }) => ({ kind, name, uid })),
      }));
  }
});
