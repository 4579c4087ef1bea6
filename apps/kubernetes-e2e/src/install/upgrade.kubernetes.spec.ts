import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meshConfig, rootCertificate } from '../harness/control-plane.ts';
import { apply, kubectl } from '../harness/kubectl.ts';
import { loadOf, restartLoad } from '../harness/load.ts';
import { installMesh, meshNamespace, withoutMesh } from '../harness/mesh.ts';
import { osm } from '../harness/osm.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { loadWorkload, workload } from '../harness/workloads.ts';

// OSM's row `upgrade`, harder: every service of the control plane and NATS are replaced while requests flow, and none is lost.

describe('osm mesh upgrade', () => {
  const story = openStory();
  const load = { namespace: '', app: 'load' };
  let before = { root: '', config: '', pods: new Set<string>() };

  beforeAll(async () => {
    await withoutMesh();
    await installMesh({});
    load.namespace = await story.namespace('upgrade');
    const { namespace } = load;
    await apply(
      ...workload({
        name: 'server',
        namespace,
        serves: ['http:8080'],
        ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      }),
      ...loadWorkload({
        ...{ name: load.app, namespace, perSecond: 50, connections: 'fresh' },
        urls: [`http://server.${namespace}/`],
      }),
    );
    await allReady(namespace);
  });
  afterAll(story.end);
  afterAll(withoutMesh);

  const settings = async (): Promise<string> => JSON.stringify(await meshConfig());
  const servedSince = async (sent: number): Promise<void> =>
    until('the load goes on', 90_000, async () => {
      const { answered } = await loadOf(load);
      return answered > sent + 100 ? undefined : `${answered} after ${sent}`;
    });

  it('replaces everything while requests flow', async () => {
    const pods = await podsOf(meshNamespace);
    before = {
      root: await rootCertificate(),
      config: await settings(),
      pods: new Set(pods.map(({ metadata }) => metadata.uid)),
    };
    await until('the load is served', 90_000, async () => {
      await restartLoad(load);
      return (await loadOf(load)).bad.length === 0 ? undefined : 'not yet';
    });
    const label = (service: string): string => `osm.${service}.podLabels.upgraded=yes`;
    const changed = [
      ...['osmController', 'injector', 'catalogWatcher', 'certificateManager', 'policyCompiler'],
      'nats',
    ].map(label);
    const said = await osm(
      ...['mesh', 'upgrade', ...changed.flatMap((value) => ['--set', value])],
      ...['--set', 'osm.enableEgress=false'],
    );
    expect(said).toContain(`OSM successfully upgraded mesh [osm] in namespace [${meshNamespace}]`);
    await allReady(meshNamespace);
    const after = await podsOf(meshNamespace);
    expect(after.filter(({ metadata }) => before.pods.has(metadata.uid))).toEqual([]);
    expect(after.every(({ metadata }) => metadata.labels?.['upgraded'] === 'yes')).toBe(true);
  });

  it('lost none of them', async () => {
    await servedSince((await loadOf(load)).sent);
    const { bad, words } = await loadOf(load);
    expect([bad, Object.keys(words)]).toEqual([[], ['200']]);
  });

  it('kept the root and the settings, which are the mesh’s and not the chart’s', async () => {
    expect(await rootCertificate()).toBe(before.root);
    expect(await settings()).toBe(before.config);
  });

  it('configures new pods and serves them', async () => {
    const { sent } = await loadOf(load);
    await kubectl('rollout', 'restart', 'deployment/server', '-n', load.namespace);
    await allReady(load.namespace);
    await servedSince(sent);
  });
});
