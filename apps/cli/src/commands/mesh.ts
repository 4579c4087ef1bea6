import type { ApiServer } from '@osm/kubernetes';
import { askController } from '../controller.ts';
import { findMeshes, findNamespaces } from '../meshes.ts';
import { table, type Terminal } from '../terminal.ts';

/** `osm mesh list`: the control planes of the cluster, their namespaces, and the versions of SMI that they understand. */
export async function listMeshes(
  { server, terminal }: { readonly server: ApiServer; readonly terminal: Terminal },
  { output }: { readonly output: string },
): Promise<void> {
  const meshes = await Promise.all(
    (await findMeshes(server)).map(async ({ name, namespace, version }) => {
      const added = (await findNamespaces(server, name)).map(({ metadata }) => metadata.name);
      const smi = await askController(server, namespace, '/smi/version');
      return { name, namespace, version, namespaces: added.sort(), smi };
    }),
  );
  if (output === 'json') return terminal.print(JSON.stringify(meshes, undefined, 2));
  if (meshes.length === 0) return terminal.print('No osm mesh control planes found');
  const head = ['MESH NAME', 'MESH NAMESPACE', 'VERSION', 'ADDED NAMESPACES'];
  const rows = meshes.map((mesh) => [
    mesh.name,
    mesh.namespace,
    mesh.version,
    mesh.namespaces.join(','),
  ]);
  table(head, rows).forEach(terminal.print);
  terminal.print('');
  const supported = meshes.map(({ name, namespace, smi }) => [
    name,
    namespace,
    smi === undefined
      ? 'Unknown'
      : Object.entries(smi)
          .map(([kind, version]) => `${kind}:${version}`)
          .sort()
          .join(','),
  ]);
  table(['MESH NAME', 'MESH NAMESPACE', 'SMI SUPPORTED'], supported).forEach(terminal.print);
  terminal.print('\nTo list the namespaces of a mesh:\n\n  osm namespace list --mesh-name NAME');
}
