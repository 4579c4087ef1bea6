import {
  listObjects,
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';

/** A control plane in the cluster. */
export interface Mesh {
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly single: boolean;
}

/** Labels and annotations by which namespaces belong to a mesh, as OSM. */
export const meshLabels = {
  monitoredBy: 'openservicemesh.io/monitored-by',
  ignore: 'openservicemesh.io/ignore',
  injection: 'openservicemesh.io/sidecar-injection',
  metrics: 'openservicemesh.io/metrics',
} as const;

/** All control planes of the cluster, found by the Deployments with label app=osm-controller, as OSM. */
export async function findMeshes(server: ApiServer): Promise<readonly Mesh[]> {
  const { objects } = await listObjects(server, resourceTypes.deployment, {
    labelSelector: 'app=osm-controller',
  });
  return objects.map(({ metadata }) => ({
    name: metadata.labels?.['meshName'] ?? '',
    namespace: metadata.namespace ?? '',
    version: metadata.labels?.['app.kubernetes.io/version'] ?? 'Unknown',
    single: metadata.labels?.['enforceSingleMesh'] === 'true',
  }));
}

/** The mesh of that name, or an error that says which ones there are. */
export async function findMesh(server: ApiServer, name: string): Promise<Mesh> {
  const meshes = await findMeshes(server);
  const found = meshes.find((mesh) => mesh.name === name);
  if (found !== undefined) return found;
  const there =
    meshes.length === 0
      ? 'there is none'
      : `there is ${meshes.map((mesh) => mesh.name).join(', ')}`;
  throw new MeshError('not_found', `No mesh [${name}] in this cluster; ${there}`);
}

/** Namespaces of a mesh, or of any. */
export async function findNamespaces(
  server: ApiServer,
  meshName: string | undefined,
): Promise<readonly KubernetesObject[]> {
  const value = meshName === undefined ? '' : `=${meshName}`;
  const { objects } = await listObjects(server, resourceTypes.namespace, {
    labelSelector: `${meshLabels.monitoredBy}${value}`,
  });
  return objects;
}

/** Changes labels and annotations of a namespace; null removes one. */
export async function patchNamespace(
  server: ApiServer,
  name: string,
  metadata: Readonly<
    Record<'labels' | 'annotations', Readonly<Record<string, string | null>> | undefined>
  >,
): Promise<void> {
  await server.ask({
    method: 'PATCH',
    path: resourcePath(resourceTypes.namespace, { name }),
    contentType: 'application/merge-patch+json',
    body: { metadata },
  });
}

/** Takes from a namespace everything by which it belongs to a mesh. */
export function leaveMesh(server: ApiServer, name: string): Promise<void> {
  return patchNamespace(server, name, {
    labels: { [meshLabels.monitoredBy]: null, [meshLabels.ignore]: null },
    annotations: { [meshLabels.injection]: null, [meshLabels.metrics]: null },
  });
}
