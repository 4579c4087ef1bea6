import { resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { helmComplaint, type Helm } from './helm.ts';
import { deleteObject } from './removal.ts';

/** An installation as helm knows it; its name is that of the mesh. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** `deployed`, `failed`, `pending-install`... */
  readonly status: string;
}

/** All installations of the chart in the cluster, finished or not. */
export async function findReleases(helm: Helm): Promise<readonly Release[]> {
  const result = await helm(['list', '--all-namespaces', '--all', '--output', 'json']);
  if (result.status !== 0) {
    throw new MeshError('api_unavailable', `helm cannot list releases: ${helmComplaint(result)}`);
  }
  const all = JSON.parse(result.output) as readonly (Release & { readonly chart: string })[];
  return all
    .filter(({ chart }) => /^osm-\d/.test(chart))
    .map(({ name, namespace, status }) => ({ name, namespace, status }));
}

/** The installation of that name in that namespace. */
export async function findRelease(
  helm: Helm,
  { name, namespace }: Pick<Release, 'name' | 'namespace'>,
): Promise<Release | undefined> {
  const releases = await findReleases(helm);
  return releases.find((each) => each.name === name && each.namespace === namespace);
}

/** What hooks of an installation that failed leave behind: helm does not count it as its own. */
const hookObjects = [
  { type: resourceTypes.job, name: 'osm-bootstrap' },
  { type: resourceTypes.configMap, name: 'preset-mesh-config' },
  { type: resourceTypes.configMap, name: 'osm-definitions' },
  { type: resourceTypes.roleBinding, name: 'osm-bootstrap' },
  { type: resourceTypes.role, name: 'osm-bootstrap' },
  { type: resourceTypes.serviceAccount, name: 'osm-bootstrap' },
];

/** Removes an installation, and waits until its pods are gone. */
export async function removeRelease(
  { helm, server }: { readonly helm: Helm; readonly server: ApiServer },
  { name, namespace }: Pick<Release, 'name' | 'namespace'>,
): Promise<void> {
  const how = ['--wait', '--cascade', 'foreground'];
  const result = await helm(['uninstall', name, '--namespace', namespace, ...how]);
  if (result.status !== 0) {
    const text = `mesh [${name}] was not removed from namespace [${namespace}]`;
    throw new MeshError('api_unavailable', `${text}: ${helmComplaint(result)}`);
  }
  for (const object of hookObjects) {
    await deleteObject(server, object.type, { namespace, name: object.name });
  }
  for (const type of [resourceTypes.clusterRoleBinding, resourceTypes.clusterRole]) {
    await deleteObject(server, type, { name: `osm-bootstrap-${name}` });
  }
}
