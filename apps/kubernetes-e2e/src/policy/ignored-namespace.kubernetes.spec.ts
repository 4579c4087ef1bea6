import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { osm, tryOsm } from '../harness/osm.ts';
import { allReady, hasSidecar, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

// OSM's row `ignore_namespace`.

describe('a namespace that is to be ignored', () => {
  const story = openStory();
  let namespace = '';
  beforeAll(async () => {
    await useMesh();
    namespace = await story.plainNamespace('ignored');
  });
  afterAll(story.end);

  it('is named by osm namespace ignore, and cannot be added', async () => {
    expect(await osm('namespace', 'ignore', namespace)).toContain(
      `Successfully configured namespace [${namespace}] to be ignored`,
    );
    const { status, errors } = await tryOsm('namespace', 'add', namespace);
    expect([status, errors]).toEqual([
      1,
      expect.stringContaining(`Cannot add ignored namespace [${namespace}]`),
    ]);
  });

  it('gets no sidecars even with all the labels of a member', async () => {
    const label = 'openservicemesh.io/monitored-by=osm';
    await kubectl('label', 'namespace', namespace, label);
    const injection = 'openservicemesh.io/sidecar-injection=enabled';
    await kubectl('annotate', 'namespace', namespace, injection);
    expect(await osm('namespace', 'list')).toMatch(
      new RegExp(`^${namespace} +osm +disabled \\(ignored\\)$`, 'm'),
    );
    await apply(...workload({ name: 'plain', namespace }));
    await allReady(namespace);
    expect((await podsOf(namespace)).map(hasSidecar)).toEqual([false]);
  });

  it('gets them for new pods once it is a member and no longer ignored', async () => {
    await osm('namespace', 'remove', namespace);
    await osm('namespace', 'add', namespace);
    await kubectl('rollout', 'restart', 'deployment/plain', '-n', namespace);
    await allReady(namespace);
    expect((await podsOf(namespace)).map(hasSidecar)).toEqual([true]);
  });
});
