import { afterAll, beforeAll, describe, it } from 'vitest';
import { answers, type Caller } from '../harness/calls.ts';
import { apply, kubectl, kubectlJson } from '../harness/kubectl.ts';
import { changeMeshConfig, useMesh } from '../harness/mesh.ts';
import { allReady } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

const lists = 'openservicemesh.io/outbound';

describe('port_exclusion, ip_exclusion: what goes around the sidecar, with egress off', () => {
  const story = openStory();
  afterAll(story.end);
  let namespace = '';
  let address = '';
  const from = (app: string): Caller => ({ namespace, app });
  const port = (number: number) => ({ url: `http://${address}:${number}/` });
  /** Exclusions are in the rules of a pod when it starts: as OSM, a change counts for new pods. */
  const excludeForNewPods = async (traffic: object): Promise<void> => {
    await changeMeshConfig({ traffic });
    await kubectl('rollout', 'restart', '-n', namespace, 'deployment/ordinary');
    await allReady(namespace);
  };

  beforeAll(async () => {
    await useMesh();
    namespace = await story.namespace('clients');
    const outside = await story.plainNamespace('outside');
    const ports = [8080, 8081].map((number) => ({ name: `http-${number}`, port: number }));
    await apply(
      ...workload({
        name: 'server',
        namespace: outside,
        serves: ['http:8080', 'http:8081'],
        ports,
      }),
    );
    const { spec } = await kubectlJson<{ spec: { clusterIP: string } }>(
      ...['get', 'service', 'server', '-n', outside],
    );
    address = spec.clusterIP;
    const annotated = { [`${lists}-port-exclusion-list`]: '8080' };
    const ranged = { [`${lists}-ip-range-exclusion-list`]: `${address}/32` };
    await apply(
      ...workload({ name: 'ordinary', namespace }),
      ...workload({ name: 'port-annotated', namespace, podAnnotations: annotated }),
      ...workload({ name: 'range-annotated', namespace, podAnnotations: ranged }),
    );
    await allReady(namespace, outside);
  });

  it('refuses servers outside the mesh to an ordinary pod', () =>
    answers(from('ordinary'), port(8080), 'refused'));

  it('lets a pod out at the port of its annotation, and at no other', async () => {
    await answers(from('port-annotated'), port(8080), '200');
    await answers(from('port-annotated'), port(8081), 'refused');
  });

  it('lets a pod out to the range of its annotation, at any port', async () => {
    await answers(from('range-annotated'), port(8080), '200');
    await answers(from('range-annotated'), port(8081), '200');
  });

  it('lets new pods out at the ports of the MeshConfig', async () => {
    await excludeForNewPods({ outboundPortExclusionList: [8081] });
    await answers(from('ordinary'), port(8081), '200');
    await answers(from('ordinary'), port(8080), 'refused');
  });

  it('lets new pods out to the ranges of the MeshConfig', async () => {
    await excludeForNewPods({
      outboundPortExclusionList: [],
      outboundIPRangeExclusionList: [`${address}/32`],
    });
    await answers(from('ordinary'), port(8080), '200');
    await answers(from('ordinary'), port(8081), '200');
  });
});
