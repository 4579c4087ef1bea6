import { describe, expect, it } from 'vitest';
import { createFakeCluster, createFakeTerminal, putMesh } from '../../testing/index.ts';
import { addNamespaces, ignoreNamespaces, listNamespaces, removeNamespace } from './namespace.ts';

const monitored = 'openservicemesh.io/monitored-by';
const ignored = 'openservicemesh.io/ignore';
const injection = 'openservicemesh.io/sidecar-injection';

function world(namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const cluster = createFakeCluster();
  putMesh(cluster);
  for (const [name, labels] of Object.entries(namespaces)) {
    cluster.put(`/api/v1/namespaces/${name}`, { metadata: { labels } });
  }
  const { terminal, printed } = createFakeTerminal();
  const metadataOf = (name: string): unknown => {
    const { labels, annotations } = cluster.get(`/api/v1/namespaces/${name}`)?.metadata ?? {};
    return { labels, annotations };
  };
  return { cluster, tools: { server: cluster.server, terminal }, printed, metadataOf };
}

const add = { meshName: 'osm', disableSidecarInjection: false };

describe('osm namespace add', () => {
  it('labels the namespace and switches injection on', async () => {
    const { tools, printed, metadataOf } = world({ shop: { team: 'a' } });
    await addNamespaces(tools, ['shop'], add);
    expect(metadataOf('shop')).toEqual({
      labels: { team: 'a', [monitored]: 'osm' },
      annotations: { [injection]: 'enabled' },
    });
    expect(printed).toEqual(['Namespace [shop] successfully added to mesh [osm]']);
  });

  it('joins without injection when asked', async () => {
    const { tools, metadataOf } = world({ shop: {} });
    await addNamespaces(tools, ['shop'], { ...add, disableSidecarInjection: true });
    expect(metadataOf('shop')).toMatchObject({ annotations: { [injection]: 'disabled' } });
  });

  it('fails for an ignored namespace, whatever the label says, and leaves it alone', async () => {
    const { cluster, tools } = world({ shop: { [ignored]: 'yes' } });
    await expect(addNamespaces(tools, ['shop'], add)).rejects.toThrow(
      'Cannot add ignored namespace [shop]',
    );
    expect(cluster.changes).toEqual([]);
  });

  it('joins those that can, and fails with what the others said', async () => {
    const { tools, metadataOf } = world({
      'osm-system': {},
      mine: {},
      theirs: { [monitored]: 'other' },
    });
    const all = ['missing', 'osm-system', 'theirs', 'mine'];
    await expect(addNamespaces(tools, all, add)).rejects.toThrow(
      /\[missing\] does not exist.*\n.*\[osm-system\] already has.*\n.*\[theirs\] belongs to mesh \[other\]/,
    );
    expect(metadataOf('mine')).toMatchObject({ labels: { [monitored]: 'osm' } });
  });

  it('says that nothing changed for one that belongs to the mesh', async () => {
    const { cluster, tools, printed } = world({ shop: { [monitored]: 'osm' } });
    await addNamespaces(tools, ['shop'], add);
    expect(cluster.changes).toEqual([]);
    expect(printed.join()).toContain('already belongs to mesh [osm]');
  });

  it('names the meshes there are when there is none of that name', async () => {
    const { tools } = world({ shop: {} });
    await expect(addNamespaces(tools, ['shop'], { ...add, meshName: 'x' })).rejects.toThrow(
      'No mesh [x] in this cluster; there is osm',
    );
  });
});

describe('osm namespace remove', () => {
  it('takes away everything of the mesh, and only that', async () => {
    const { tools, metadataOf } = world({
      shop: { team: 'a', [monitored]: 'osm', [ignored]: 'true' },
    });
    await removeNamespace(tools, 'shop', { meshName: 'osm' });
    expect(metadataOf('shop')).toEqual({ labels: { team: 'a' }, annotations: {} });
  });

  it('does not take a namespace out of another mesh', async () => {
    const { cluster, tools } = world({ shop: { [monitored]: 'other' } });
    await expect(removeNamespace(tools, 'shop', { meshName: 'osm' })).rejects.toThrow(
      'osm namespace remove shop --mesh-name other',
    );
    expect(cluster.changes).toEqual([]);
  });
});

describe('osm namespace ignore and list', () => {
  it('lists what a namespace says, and that it is ignored', async () => {
    const { tools, printed } = world({ a: { [monitored]: 'osm' }, b: { [monitored]: 'osm' } });
    await ignoreNamespaces(tools, ['b']);
    await listNamespaces(tools, { meshName: 'osm', output: 'table' });
    expect(printed).toEqual([
      'Successfully configured namespace [b] to be ignored',
      'NAMESPACE   MESH   SIDECAR-INJECTION',
      'a           osm    -',
      'b           osm    disabled (ignored)',
    ]);
  });

  it('says when there are none', async () => {
    const { tools, printed } = world({ a: {} });
    await listNamespaces(tools, { meshName: 'osm', output: 'table' });
    await listNamespaces(tools, { meshName: undefined, output: 'table' });
    expect(printed).toEqual(['No namespaces in mesh [osm]', 'No namespaces in any mesh']);
  });
});
