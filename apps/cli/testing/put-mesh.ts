import type { FakeCluster } from './fake-cluster.ts';

/** Puts the Deployment there by which a control plane is known. */
export function putMesh(
  cluster: FakeCluster,
  { name = 'osm', namespace = 'osm-system', single = true } = {},
): void {
  cluster.put(`/apis/apps/v1/namespaces/${namespace}/deployments/osm-controller`, {
    metadata: {
      namespace,
      labels: {
        app: 'osm-controller',
        meshName: name,
        'app.kubernetes.io/version': '0.1.0',
        ...(single ? { enforceSingleMesh: 'true' } : {}),
      },
    },
  });
}
