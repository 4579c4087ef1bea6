import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl } from '../harness/kubectl.ts';
import { changeMeshConfig, useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { testImage, workload } from '../harness/workloads.ts';

// With OSM a Job in the mesh never ended: its proxy went on when the work was done.

describe('a Job in the mesh', () => {
  const story = openStory();
  afterAll(story.end);
  let namespace = '';

  beforeAll(async () => {
    await useMesh();
    await changeMeshConfig({ traffic: { enablePermissiveTrafficPolicyMode: true } });
    namespace = await story.namespace('job');
    await apply(
      ...workload({
        name: 'server',
        namespace,
        serves: ['http:8080'],
        ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      }),
    );
    await allReady(namespace);
  });

  it('calls a service with its first request, and ends when its work is done', async () => {
    const request = JSON.stringify([{ url: `http://server.${namespace}/` }]);
    await apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'work', namespace },
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { labels: { app: 'work' } },
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'app', image: testImage, command: ['node', 'call.mjs', request] }],
          },
        },
      },
    });
    await kubectl('wait', '-n', namespace, 'job/work', '--for=condition=Complete', '--timeout=60s');

    const said = await kubectl('logs', '-n', namespace, 'job/work', '-c', 'app');
    expect(JSON.parse(said)).toMatchObject([{ words: { '200': 1 } }]);
    const [pod] = await podsOf(namespace, 'work');
    expect(pod?.status.phase).toBe('Succeeded');
    const sidecar = pod?.spec.initContainers?.find(({ name }) => name === 'envoy');
    expect(sidecar?.restartPolicy).toBe('Always');
  });
});
