import {
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import {
  findMesh,
  findMeshes,
  findNamespaces,
  leaveMesh,
  meshLabels,
  patchNamespace,
} from '../meshes.ts';
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
  await forEachNamespace(server, names, async ({ metadata: { name, labels } }) => {
    const mesh = labels?.[meshLabels.monitoredBy];
    if (homes.has(name)) {
      return `Namespace [${name}] already has [osm-controller] installed and cannot be added to mesh [${meshName}]`;
    }
    // OSM looked for "true" here, and for the bare label in its webhooks.
    if (labels?.[meshLabels.ignore] !== undefined) {
      return `Cannot add ignored namespace [${name}]: osm namespace remove ${name} takes its label ${meshLabels.ignore} away`;
    }
    if (mesh !== undefined && mesh !== meshName) {
      return `Namespace [${name}] belongs to mesh [${mesh}]: osm namespace remove ${name} --mesh-name ${mesh}`;
    }
    if (mesh === meshName) {
      terminal.print(`Namespace [${name}] already belongs to mesh [${meshName}]; nothing changed`);
      return undefined;
    }
    await patchNamespace(server, name, {
      labels: { [meshLabels.monitoredBy]: meshName },
      annotations: { [meshLabels.injection]: disableSidecarInjection ? 'disabled' : 'enabled' },
    });
    terminal.print(`Namespace [${name}] successfully added to mesh [${meshName}]`);
    return undefined;
  });
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
  await leaveMesh(server, name);
  terminal.print(`Namespace [${name}] successfully removed from mesh [${meshName}]`);
}

/** `osm namespace ignore`: the webhooks pass these namespaces over, whatever else they say. */
export async function ignoreNamespaces(
  { server, terminal }: Tools,
  names: readonly string[],
): Promise<void> {
  await forEachNamespace(server, names, async ({ metadata: { name } }) => {
    await patchNamespace(server, name, {
      labels: { [meshLabels.ignore]: 'true' },
      annotations: undefined,
    });
    terminal.print(`Successfully configured namespace [${name}] to be ignored`);
    return undefined;
  });
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

/** Does its work for each of them, and fails at the end with all that they said against it. */
async function forEachNamespace(
  server: ApiServer,
  names: readonly string[],
  work: (namespace: KubernetesObject) => Promise<string | undefined>,
): Promise<void> {
  const problems: string[] = [];
  for (const name of names) {
    try {
      const problem = await work(await getNamespace(server, name));
      if (problem !== undefined) problems.push(problem);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      if (error.code === 'api_unavailable') throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new MeshError('api_refused', problems.join('\n'));
}

async function getNamespace(server: ApiServer, name: string): Promise<KubernetesObject> {
  try {
    return (await server.ask({
      path: resourcePath(resourceTypes.namespace, { name }),
    })) as KubernetesObject;
  } catch (thrown) {
    if (MeshError.from(thrown).code !== 'not_found') throw thrown;
    const text = `Namespace [${name}] does not exist: kubectl create namespace ${name}`;
    throw new MeshError('not_found', text);
  }
}
