import { resourcePath, resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { leaveMesh, findMeshes, findNamespaces } from '../meshes.ts';
import { findReleases, removeRelease } from '../releases.ts';
import { removeClusterWide } from '../removal.ts';
import type { Helm } from '../helm.ts';
import type { Terminal } from '../terminal.ts';

export interface UninstallOptions {
  /** Undefined: all meshes, asked one by one. */
  readonly meshName: string | undefined;
  /** Undefined: wherever they are. */
  readonly namespace: string | undefined;
  /** Where Secrets are looked for when there is no mesh any more. */
  readonly defaultNamespace: string;
  readonly force: boolean;
  readonly deleteClusterWideResources: boolean;
  readonly deleteNamespace: boolean;
  readonly caBundleSecretName: string;
  /** Somebody else installed the control plane; only what is cluster-wide can be removed. */
  readonly managed: boolean;
}

interface Tools {
  readonly server: ApiServer;
  readonly helm: Helm;
  readonly terminal: Terminal;
}

/** A control plane, finished or not; `released` by helm, or made some other way. */
interface Found {
  readonly name: string;
  readonly namespace: string;
  readonly released: boolean;
}

/**
 * `osm uninstall mesh`: removes control planes. Policy, definitions and the root stay unless asked for, so that an installation can be
 * repeated without loss.
 */
export async function uninstall(tools: Tools, options: UninstallOptions): Promise<void> {
  const { terminal } = tools;
  const { force, deleteClusterWideResources, managed } = options;
  const gone = new Set<Found>();
  const all = managed ? [] : await findAll(tools);
  const wanted = all.filter((mesh) => isWanted(mesh, options));
  if (managed) terminal.print('OSM cannot be uninstalled in a managed environment');
  else if (wanted.length === 0) {
    if (!force && !deleteClusterWideResources)
      throw new MeshError('not_found', nothingFound(options));
    terminal.print(nothingFound(options));
  }
  for (const mesh of wanted) {
    if (!force && !(await confirmed(terminal, mesh))) continue;
    await removeMesh(tools, mesh, options);
    gone.add(mesh);
  }
  if (!deleteClusterWideResources) return;
  const left = all.filter((mesh) => !gone.has(mesh));
  if (left.length > 0) {
    const names = left.map(({ name }) => `[${name}]`).join(', ');
    throw new MeshError(
      'api_conflict',
      `definitions, webhooks and policy stay: mesh ${names} needs them. Uninstall it first`,
    );
  }
  const namespaces = [...gone].map(({ namespace }) => namespace);
  await removeClusterWide(tools, {
    namespaces: [...new Set([...namespaces, options.namespace ?? options.defaultNamespace])],
    caBundleSecretName: options.caBundleSecretName,
  });
}

async function findAll({ server, helm }: Tools): Promise<readonly Found[]> {
  const found = new Map<string, Found>();
  for (const { name, namespace } of await findMeshes(server)) {
    found.set(`${namespace}/${name}`, { name, namespace, released: false });
  }
  // One that failed before its first Deployment is known to helm only.
  for (const { name, namespace } of await findReleases(helm)) {
    found.set(`${namespace}/${name}`, { name, namespace, released: true });
  }
  return [...found.values()];
}

function isWanted(mesh: Found, { meshName, namespace }: UninstallOptions): boolean {
  return (
    (meshName === undefined || mesh.name === meshName) &&
    (namespace === undefined || mesh.namespace === namespace)
  );
}

function nothingFound({ meshName, namespace }: UninstallOptions): string {
  if (meshName === undefined) return 'No OSM control planes found';
  const where = namespace === undefined ? '' : ` in namespace [${namespace}]`;
  return `No OSM control plane with mesh name [${meshName}] found${where}`;
}

async function confirmed(terminal: Terminal, mesh: Found): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await terminal.ask(`Uninstall OSM [mesh name: ${mesh.name}] ? [y/n] `);
    if (answer === undefined) throw new MeshError('invalid_config', 'nobody to ask: use --force');
    if (/^y(es)?$/i.test(answer)) return true;
    if (/^no?$/i.test(answer)) return false;
  }
  return false;
}

async function removeMesh(
  { server, helm, terminal }: Tools,
  { name, namespace, released }: Found,
  { deleteNamespace }: UninstallOptions,
): Promise<void> {
  if (!released) {
    throw new MeshError(
      'not_found',
      `mesh [${name}] in namespace [${namespace}] is no release of helm: remove it the way it was installed`,
    );
  }
  await removeRelease({ helm, server }, { name, namespace });
  const left: string[] = [];
  for (const { metadata } of await findNamespaces(server, name)) {
    await leaveMesh(server, metadata.name);
    left.push(metadata.name);
  }
  terminal.print(`OSM [mesh name: ${name}] in namespace [${namespace}] uninstalled`);
  if (left.length > 0) {
    terminal.note(
      `Namespaces that left the mesh: ${left.join(' ')}. After another installation: osm namespace add ${left.join(' ')}`,
    );
    terminal.note(
      'Their pods keep their sidecars until they are created anew: kubectl -n NAMESPACE rollout restart deployment',
    );
  }
  if (!deleteNamespace) return;
  const path = resourcePath(resourceTypes.namespace, { name: namespace });
  await server.ask({ method: 'DELETE', path });
  terminal.print(`OSM namespace [${namespace}] deleted successfully`);
}
