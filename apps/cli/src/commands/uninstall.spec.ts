import { describe, expect, it } from 'vitest';
import {
  createFakeCluster,
  createFakeHelm,
  createFakeTerminal,
  putMesh,
} from '../../testing/index.ts';
import { uninstall, type UninstallOptions } from './uninstall.ts';

const defaults: UninstallOptions = {
  meshName: undefined,
  namespace: undefined,
  defaultNamespace: 'osm-system',
  force: false,
  deleteClusterWideResources: false,
  deleteNamespace: false,
  caBundleSecretName: 'osm-ca-bundle',
  managed: false,
};
const osm = { name: 'osm', namespace: 'osm-system', status: 'deployed' };
const definition =
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/traffictargets.access.smi-spec.io';
const root = '/api/v1/namespaces/osm-system/secrets/osm-ca-bundle';

function world(answers: readonly string[] = [], releases = [osm]) {
  const cluster = createFakeCluster();
  putMesh(cluster);
  const ours = { labels: { 'app.kubernetes.io/name': 'openservicemesh.io' } };
  cluster.put(definition, { metadata: ours });
  cluster.put(root, { metadata: { namespace: 'osm-system' } });
  cluster.put('/api/v1/namespaces/osm-system', { metadata: {} });
  cluster.put('/api/v1/namespaces/shop', {
    metadata: { labels: { 'openservicemesh.io/monitored-by': 'osm' } },
  });
  const { terminal, printed } = createFakeTerminal(answers);
  const { helm, asked } = createFakeHelm(releases);
  return { cluster, printed, asked, tools: { server: cluster.server, helm, terminal } };
}

describe('osm uninstall mesh', () => {
  it('removes the release and takes namespaces out; definitions and root stay', async () => {
    const { cluster, printed, asked, tools } = world(['y']);
    await uninstall(tools, defaults);
    expect(asked).toEqual(['uninstall osm --namespace osm-system --wait --cascade foreground']);
    expect(printed).toEqual(['OSM [mesh name: osm] in namespace [osm-system] uninstalled']);
    expect(cluster.get('/api/v1/namespaces/shop')?.metadata.labels).toEqual({});
    expect([cluster.get(definition), cluster.get(root)]).not.toContain(undefined);
    expect(cluster.get('/api/v1/namespaces/osm-system')).toBeDefined();
  });

  it.each([[['n']], [['what', 'eh', 'hm', 'y']]])('changes nothing when told %j', async (said) => {
    const { cluster, asked, tools } = world(said);
    await uninstall(tools, defaults);
    expect([asked, cluster.changes]).toEqual([[], []]);
  });

  it('asks for --force when there is nobody to ask', async () => {
    const { tools } = world();
    await expect(uninstall(tools, defaults)).rejects.toThrow('--force');
  });

  it('removes what failed before its first Deployment, which only helm knows', async () => {
    const { asked, tools } = world(['y'], [{ ...osm, name: 'half', status: 'failed' }]);
    await uninstall(tools, { ...defaults, meshName: 'half' });
    expect(asked.join()).toContain('uninstall half');
  });

  it('leaves a mesh of another namespace alone', async () => {
    const { asked, tools } = world();
    const wanted = { ...defaults, meshName: 'osm', namespace: 'elsewhere' };
    await expect(uninstall(tools, wanted)).rejects.toThrow(
      'No OSM control plane with mesh name [osm] found in namespace [elsewhere]',
    );
    await uninstall(tools, { ...wanted, force: true });
    expect(asked).toEqual([]);
  });

  it('removes definitions and Secrets when told so', async () => {
    const { cluster, printed, tools } = world();
    const all = { ...defaults, force: true, deleteClusterWideResources: true };
    await uninstall(tools, { ...all, deleteNamespace: true });
    expect([cluster.get(definition), cluster.get(root)]).toEqual([undefined, undefined]);
    expect(cluster.get('/api/v1/namespaces/osm-system')).toBeUndefined();
    expect(printed).toContain('OSM namespace [osm-system] deleted successfully');
  });

  it('does not take the definitions from a mesh that stays', async () => {
    const other = { name: 'other', namespace: 'other-system', status: 'deployed' };
    const { cluster, tools } = world([], [osm, other]);
    const wanted = { ...defaults, force: true, deleteClusterWideResources: true };
    await expect(uninstall(tools, { ...wanted, meshName: 'osm' })).rejects.toThrow('[other]');
    expect(cluster.get(definition)).toBeDefined();
  });

  it('says so when helm did not make it, or somebody else manages it', async () => {
    const { asked, printed, tools } = world(['y'], []);
    await expect(uninstall(tools, defaults)).rejects.toThrow('the way it was installed');
    await uninstall(tools, { ...defaults, managed: true });
    expect(printed.join()).toContain('OSM cannot be uninstalled');
    expect(asked).toEqual([]);
  });
});
