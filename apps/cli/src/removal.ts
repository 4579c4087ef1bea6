import {
  listObjects,
  resourcePath,
  resourceTypes,
  type ApiServer,
  type ResourceType,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import type { Terminal } from './terminal.ts';

const ours = 'app.kubernetes.io/name=openservicemesh.io';
const clusterWideTypes = [
  resourceTypes.mutatingWebhookConfiguration,
  resourceTypes.validatingWebhookConfiguration,
  resourceTypes.customResourceDefinition,
];

/** Removes definitions, and with them all policy; webhook configurations; the Secrets of the root and of the bus. */
export async function removeClusterWide(
  { server, terminal }: { readonly server: ApiServer; readonly terminal: Terminal },
  options: { readonly namespaces: readonly string[]; readonly caBundleSecretName: string },
): Promise<void> {
  for (const type of clusterWideTypes) {
    const { objects } = await listObjects(server, type, { labelSelector: ours });
    for (const { metadata } of objects) {
      await deleteObject(server, type, { name: metadata.name });
      terminal.print(`Deleted ${type.kind} [${metadata.name}]`);
    }
  }
  for (const namespace of options.namespaces) {
    const { objects } = await listObjects(server, resourceTypes.secret, {
      namespace,
      labelSelector: ours,
    });
    const names = objects.map(({ metadata }) => metadata.name);
    for (const name of new Set([options.caBundleSecretName, ...names])) {
      if (await deleteObject(server, resourceTypes.secret, { namespace, name })) {
        terminal.print(`Deleted Secret [${name}] in namespace [${namespace}]`);
      }
    }
  }
}

/** Deletes an object, and what it owns. Returns whether there was one. */
export async function deleteObject(
  server: ApiServer,
  type: ResourceType,
  place: { readonly namespace?: string; readonly name: string },
): Promise<boolean> {
  const query = { propagationPolicy: 'Background' };
  try {
    await server.ask({ method: 'DELETE', path: resourcePath(type, place), query });
    return true;
  } catch (thrown) {
    if (MeshError.from(thrown).code === 'not_found') return false;
    throw thrown;
  }
}
