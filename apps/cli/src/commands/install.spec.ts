import { MeshError } from '@osm/prelude';
import { createFakeClock } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import {
  createFakeCluster,
  createFakeHelm,
  createFakeTerminal,
  putMesh,
} from '../../testing/index.ts';
import type { Helm, HelmResult } from '../helm.ts';
import type { Release } from '../releases.ts';
import { install, printManifests, type InstallOptions } from './install.ts';

const options: InstallOptions = {
  chart: '/chart',
  meshName: 'osm',
  namespace: 'osm-system',
  enforceSingleMesh: true,
  timeout: '5m',
  set: ['osm.meshName=mine', 'a=b'],
  values: ['v.yaml'],
  atomic: false,
};
const pods = '/api/v1/namespaces/osm-system/pods';
const own = { 'app.kubernetes.io/name': 'openservicemesh.io' };

function world(result: Partial<HelmResult> = {}, releases: readonly Release[] = []) {
  const cluster = createFakeCluster();
  const { terminal, printed, noted } = createFakeTerminal();
  const { helm, asked } = createFakeHelm(releases, { install: result, template: result });
  const clock = createFakeClock();
  const tools = { server: cluster.server, terminal, helm, clock };
  return { cluster, printed, noted, asked, tools };
}

/** Helm has made a release before it fails; there was none before. */
function failing(error: string) {
  const made = world({ status: 1, error }, [
    { name: 'osm', namespace: 'osm-system', status: 'failed' },
  ]);
  const helm: Helm = (args) =>
    args[0] === 'list' && made.asked.length === 0
      ? Promise.resolve({ status: 0, output: '[]', error: '', interruptedBy: undefined })
      : made.tools.helm(args);
  return { ...made, tools: { ...made.tools, helm } };
}

describe('osm install', () => {
  it('hands values to helm, and has the last word about name and single mesh', async () => {
    const { asked, printed, tools } = world();
    expect(await install(tools, options)).toBeUndefined();
    expect(asked).toEqual([
      'install osm /chart --namespace osm-system --values v.yaml --set osm.meshName=mine --set a=b --set osm.meshName=osm --set osm.enforceSingleMesh=true --create-namespace --wait --timeout 5m',
    ]);
    expect(printed).toEqual([
      'OSM installed successfully in namespace [osm-system] with mesh name [osm]',
    ]);
  });

  it.each([
    ['the same name', {}, /mesh \[osm\] is installed in namespace \[osm-system\] already/],
    ['another, alone', { name: 'b', namespace: 'b' }, /does not share this cluster/],
    [
      'another, while this one is to be alone',
      { name: 'b', namespace: 'b', single: false },
      /--en/,
    ],
  ])('refuses before anything changes when there is a mesh of %s', async (_, mesh, said) => {
    const { cluster, asked, tools } = world();
    putMesh(cluster, mesh);
    await expect(install(tools, options)).rejects.toThrow(said);
    expect(asked).toEqual([]);
  });

  it('installs a second mesh where both say that they share', async () => {
    const { cluster, asked, tools } = world();
    putMesh(cluster, { name: 'b', namespace: 'b', single: false });
    await install(tools, { ...options, enforceSingleMesh: false });
    expect(asked).toHaveLength(1);
  });

  it('clears away what an installation that failed left', async () => {
    const failed = { name: 'osm', namespace: 'osm-system', status: 'failed' };
    const { asked, tools } = world({}, [failed]);
    await install(tools, options);
    expect(asked.map((args) => args.split(' ')[0])).toEqual(['uninstall', 'install']);
  });

  it('warns that a MeshConfig that is there stays as it is', async () => {
    const { cluster, noted, tools } = world();
    const path = '/apis/config.openservicemesh.io/v1alpha2/namespaces/osm-system/meshconfigs';
    cluster.put(`${path}/osm-mesh-config`, { metadata: { namespace: 'osm-system' } });
    await install(tools, options);
    expect(noted.join()).toContain('stays as it is');
  });

  it('names the pods that are not ready, and why, when it fails', async () => {
    const { cluster, tools } = failing('Error: INSTALLATION FAILED: late\n');
    cluster.put(`${pods}/osm-controller-1`, {
      metadata: { namespace: 'osm-system', labels: own },
      status: {
        containerStatuses: [
          { name: 'c', ready: false, restartCount: 3, state: { waiting: crashLoop } },
        ],
      },
    });
    cluster.say(`${pods}/osm-controller-1/log`, 'starting\nno bus (--nats-url)\n\n');
    await expect(install(tools, options)).rejects.toThrow(
      'failed: late\n  osm-controller-1: c: CrashLoopBackOff, 3 restarts: no bus (--nats-url)\nlook with:',
    );
  });

  it('removes everything again after it has looked at the reason', async () => {
    const { asked, tools } = failing('late');
    await expect(install(tools, { ...options, atomic: true })).rejects.toThrow(
      'the release was removed again; MeshConfig and the Secrets of root and bus stay for the next one',
    );
    expect(asked.at(-1)).toContain('uninstall osm');
  });

  it.each([true, false])('says that there is nothing to remove (atomic: %s)', async (atomic) => {
    const { asked, tools } = world({ status: 1, error: 'values are wrong' });
    await expect(install(tools, { ...options, atomic })).rejects.toThrow(
      /values are wrong\nnothing was installed, definitions apart$/,
    );
    expect(asked).toHaveLength(1);
  });

  it('gives the signal back that interrupted it', async () => {
    const { noted, printed, tools } = world({ status: 1, interruptedBy: 'SIGINT' });
    expect(await install(tools, options)).toBe('SIGINT');
    expect(noted.join()).toContain('unfinished');
    expect(printed).toEqual([]);
  });
});

const crashLoop = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };

describe('osm install --dry-run', () => {
  it('prints the manifests for the version of the cluster, definitions too', async () => {
    const { cluster, asked, printed, tools } = world({ output: 'kind: A\n' });
    cluster.put('/version', { gitVersion: 'v1.31.2', metadata: {} });
    await printManifests({ ...tools, server: () => cluster.server }, options);
    expect(printed).toEqual(['kind: A']);
    expect(asked.join()).toMatch(/^template osm .*--include-crds --kube-version v1\.31\.2$/);
  });

  it('needs no cluster', async () => {
    const { asked, tools } = world({ output: 'kind: A\n' });
    const server = (): never => {
      throw new MeshError('invalid_config', 'no cluster is configured');
    };
    await printManifests({ ...tools, server }, options);
    expect(asked.join()).toContain('--kube-version v1.30.0');
  });
});
