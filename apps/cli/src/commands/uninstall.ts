import {
  listObjects,
  resourcePath,
  resourceTypes,
  type ApiServer,
  type ResourceType,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { runHelm } from '../helm.ts';
import { findMeshes, findNamespaces, meshLabels, type Mesh } from '../meshes.ts';
import type { Terminal } from '../terminal.ts';

export interface UninstallOptions {
  /** Undefined: all meshes, asked one by one. */
  readonly meshName: string | undefined;
  readonly namespace: string;
  readonly force: boolean;
  readonly deleteClusterWideResources: boolean;
  readonly deleteNamespace: boolean;
  readonly caBundleSecretName: string;
}

interface Tools {
  readonly server: ApiServer;
  readonly terminal: Terminal;
}

const clusterWideTypes = [
  resourceTypes.mutatingWebhookConfiguration,
  resourceTypes.validatingWebhookConfiguration,
  resourceTypes.customResourceDefinition,
];
const ours = 'app.kubernetes.io/name=openservicemesh.io';

/**
 * `osm uninstall mesh`: removes control planes. Policy, definitions and the root stay unless asked for, so that an installation can be
 * repeated without loss.
 */
export async function uninstall(tools: Tools, options: UninstallOptions): Promise<void> {
  const { server, terminal } = tools;
  const { meshName, namespace, force } = options;
  const found = (await findMeshes(server)).filter(
    (mesh) => meshName === undefined || mesh.name === meshName,
  );
  if (found.length === 0) {
    const text =
      meshName === undefined
        ? 'No OSM control planes found'
        : `No OSM control plane with mesh name [${meshName}] found in namespace [${namespace}]`;
    if (!force && !options.deleteClusterWideResources) throw new MeshError('not_found', text);
    terminal.print(text);
  }
  for (const mesh of found) {
    if (!force && !(await confirmed(terminal, mesh))) continue;
    await removeMesh(tools, mesh, options);
  }
  if (options.deleteClusterWideResources) await removeClusterWide(tools, options);
}

async function confirmed(terminal: Terminal, mesh: Mesh): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await terminal.ask(`Uninstall OSM [mesh name: ${mesh.name}] ? [y/n] `);
    if (answer === undefined) throw new MeshError('invalid_config', 'nobody to ask: use --force');
    if (/^y(es)?$/i.test(answer)) return true;
    if (/^no?$/i.test(answer)) return false;
  }
  return false;
}

async function removeMesh(
  { server, terminal }: Tools,
  mesh: Mesh,
  options: UninstallOptions,
): Promise<void> {
  const { name, namespace } = mesh;
  const result = await runHelm(['uninstall', name, '--namespace', namespace, '--wait']);
  if (result.status !== 0) {
    throw new MeshError(
      'api_unavailable',
      `mesh [${name}] was not removed: ${result.error.trim()}`,
    );
  }
  for (const { metadata } of await findNamespaces(server, name)) {
    await server.ask({
      method: 'PATCH',
      path: resourcePath(resourceTypes.namespace, { name: metadata.name }),
      contentType: 'application/merge-patch+json',
      body: {
        metadata: {
          labels: { [meshLabels.monitoredBy]: null },
          annotations: { [meshLabels.injection]: null, [meshLabels.metrics]: null },
        },
      },
    });
  }
  terminal.print(`OSM [mesh name: ${name}] in namespace [${namespace}] uninstalled`);
  if (!options.deleteNamespace) return;
  await remove(server, resourceTypes.namespace, { name: namespace });
  terminal.print(`OSM namespace [${namespace}] deleted successfully`);
}

/** Definitions, and with them all policy; webhook configurations; the Secrets of the root and of the bus. */
async function removeClusterWide(
  { server, terminal }: Tools,
  { namespace, caBundleSecretName }: UninstallOptions,
): Promise<void> {
  for (const type of clusterWideTypes) {
    const { objects } = await listObjects(server, type, { labelSelector: ours });
    for (const { metadata } of objects) {
      await remove(server, type, { name: metadata.name });
      terminal.print(`Deleted ${type.kind} [${metadata.name}]`);
    }
  }
  const { objects } = await listObjects(server, resourceTypes.secret, {
    namespace,
    labelSelector: ours,
  });
  const names = new Set([caBundleSecretName, ...objects.map(({ metadata }) => metadata.name)]);
  for (const name of names) {
    if (await remove(server, resourceTypes.secret, { namespace, name })) {
      terminal.print(`Deleted Secret [${name}] in namespace [${namespace}]`);
    }
  }
}

async function remove(
  server: ApiServer,
  type: ResourceType,
  place: { readonly namespace?: string; readonly name: string },
): Promise<boolean> {
  try {
    await server.ask({ method: 'DELETE', path: resourcePath(type, place) });
    return true;
  } catch (thrown) {
    if (MeshError.from(thrown).code === 'not_found') return false;
    throw thrown;
  }
}
