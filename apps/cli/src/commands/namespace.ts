import {
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { findMesh, findMeshes, findNamespaces, meshLabels } from '../meshes.ts';
import { table, type Terminal } from '../terminal.ts';

interface Tools {
  readonly server: ApiServer;
  readonly terminal: Terminal;
}

/** `osm namespace add`: joins namespaces to a mesh. One that cannot join does not keep the others from it. */
export async function addNamespaces(
  { server, terminal }: Tools,
  names: readonly string[],
  options: { readonly meshName: string; readonly disableSidecarInjection: boolean },
): Promise<void> {
  const { meshName, disableSidecarInjection } = options;
  await findMesh(server, meshName);
  const homes = new Set((await findMeshes(server)).map(({ namespace }) => namespace));
  const problems: string[] = [];
  for (const name of names) {
    const { metadata } = await getNamespace(server, name);
    const mesh = metadata.labels?.[meshLabels.monitoredBy];
    if (homes.has(name)) {
      problems.push(
        `Namespace [${name}] already has [osm-controller] installed and cannot be added to mesh [${meshName}]`,
      );
    } else if (metadata.labels?.[meshLabels.ignore] === 'true') {
      problems.push(
        `Cannot add ignored namespace [${name}]: remove its label ${meshLabels.ignore} first (osm namespace remove ${name})`,
      );
    } else if (mesh !== undefined && mesh !== meshName) {
      problems.push(
        `Namespace [${name}] belongs to mesh [${mesh}]: osm namespace remove ${name} --mesh-name ${mesh}`,
      );
    } else if (mesh === meshName) {
      terminal.print(`Namespace [${name}] already belongs to mesh [${meshName}]; nothing changed`);
    } else {
      await patch(server, name, {
        labels: { [meshLabels.monitoredBy]: meshName },
        annotations: { [meshLabels.injection]: disableSidecarInjection ? 'disabled' : 'enabled' },
      });
      terminal.print(`Namespace [${name}] successfully added to mesh [${meshName}]`);
    }
  }
  if (problems.length > 0) throw new MeshError('api_refused', problems.join('\n'));
}

/** `osm namespace remove`: takes a namespace out. Pods keep their sidecars until they are created anew. */
export async function removeNamespace(
  { server, terminal }: Tools,
  name: string,
  { meshName }: { readonly meshName: string },
): Promise<void> {
  const { metadata } = await getNamespace(server, name);
  const mesh = metadata.labels?.[meshLabels.monitoredBy];
  if (mesh === undefined && metadata.labels?.[meshLabels.ignore] === undefined) {
    terminal.print(`Namespace [${name}] already does not belong to any mesh`);
    return;
  }
  if (mesh !== undefined && mesh !== meshName) {
    throw new MeshError(
      'api_refused',
      `Namespace [${name}] belongs to mesh [${mesh}], not to mesh [${meshName}]: osm namespace remove ${name} --mesh-name ${mesh}`,
    );
  }
  await patch(server, name, {
    labels: { [meshLabels.monitoredBy]: null, [meshLabels.ignore]: null },
    annotations: { [meshLabels.injection]: null, [meshLabels.metrics]: null },
  });
  terminal.print(`Namespace [${name}] successfully removed from mesh [${meshName}]`);
}

/** `osm namespace ignore`: the webhooks pass these namespaces over, whatever else they say. */
export async function ignoreNamespaces(
  { server, terminal }: Tools,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await patch(server, name, { labels: { [meshLabels.ignore]: 'true' } });
    terminal.print(`Successfully configured namespace [${name}] to be ignored`);
  }
}

/** `osm namespace list`. */
export async function listNamespaces(
  { server, terminal }: Tools,
  { meshName, output }: { readonly meshName: string | undefined; readonly output: string },
): Promise<void> {
  const found = (await findNamespaces(server, meshName)).map(({ metadata }) => ({
    namespace: metadata.name,
    mesh: metadata.labels?.[meshLabels.monitoredBy] ?? '',
    sidecarInjection:
      metadata.labels?.[meshLabels.ignore] === undefined
        ? (metadata.annotations?.[meshLabels.injection] ?? '-')
        : 'disabled (ignored)',
  }));
  if (output === 'json') return terminal.print(JSON.stringify(found, undefined, 2));
  if (found.length === 0) {
    const where = meshName === undefined ? 'in any mesh' : `in mesh [${meshName}]`;
    return terminal.print(`No namespaces ${where}`);
  }
  const rows = found.map((each) => [each.namespace, each.mesh, each.sidecarInjection]);
  table(['NAMESPACE', 'MESH', 'SIDECAR-INJECTION'], rows).forEach(terminal.print);
}

async function getNamespace(server: ApiServer, name: string): Promise<KubernetesObject> {
  try {
    return (await server.ask({
      path: resourcePath(resourceTypes.namespace, { name }),
    })) as KubernetesObject;
  } catch (thrown) {
    if (MeshError.from(thrown).code !== 'not_found') throw thrown;
    throw new MeshError(
      'not_found',
      `Namespace [${name}] does not exist: kubectl create namespace ${name}`,
    );
  }
}

function patch(server: ApiServer, name: string, metadata: unknown): Promise<unknown> {
  return server.ask({
    method: 'PATCH',
    path: resourcePath(resourceTypes.namespace, { name }),
    contentType: 'application/merge-patch+json',
    body: { metadata },
  });
}
