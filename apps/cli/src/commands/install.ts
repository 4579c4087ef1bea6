import {
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError, type Clock } from '@osm/prelude';
import { chartArguments, type ChartOptions } from '../chart-arguments.ts';
import { diagnose } from '../diagnosis.ts';
import { helmComplaint, type Helm, type HelmResult } from '../helm.ts';
import { findMeshes } from '../meshes.ts';
import { withProgress } from '../progress.ts';
import { findRelease, removeRelease } from '../releases.ts';
import type { Terminal } from '../terminal.ts';

export interface InstallOptions extends ChartOptions {
  readonly enforceSingleMesh: boolean;
  /** As Go writes durations: 5m, 1m30s. */
  readonly timeout: string;
  readonly atomic: boolean;
}

export interface InstallTools {
  readonly server: ApiServer;
  readonly terminal: Terminal;
  readonly helm: Helm;
  readonly clock: Clock;
}

/**
 * `osm install`: the chart through helm, with a word about each pod while it waits, and the reason when it fails.
 *
 * @returns The signal that interrupted it.
 */
export async function install(
  tools: InstallTools,
  options: InstallOptions,
): Promise<NodeJS.Signals | undefined> {
  const { server, terminal, helm, clock } = tools;
  const { meshName, namespace } = options;
  await refuseSecondMesh(server, options);
  await clearRemains(tools, options);
  await tellWhatIsKept(tools, options);
  terminal.note(`Installing mesh [${meshName}] in namespace [${namespace}]`);
  const sinceMs = clock.now();
  const args = ['install', ...chartArguments(options), '--create-namespace'];
  const result = await withProgress(server, { namespace, terminal, clock }, () =>
    helm([...args, '--wait', '--timeout', options.timeout]),
  );
  if (result.status === 0) {
    terminal.print(
      `OSM installed successfully in namespace [${namespace}] with mesh name [${meshName}]`,
    );
    return undefined;
  }
  if (result.interruptedBy === undefined) throw await failure(tools, options, { result, sinceMs });
  terminal.note(
    `Interrupted. ${options.atomic ? 'Removing what was made' : remedies(options).unfinished}`,
  );
  if (options.atomic) await removeRelease(tools, { name: meshName, namespace });
  return result.interruptedBy;
}

/** Two meshes share CRDs and would both answer for the same pods. */
async function refuseSecondMesh(server: ApiServer, options: InstallOptions): Promise<void> {
  const meshes = await findMeshes(server);
  const same = meshes.find(
    (mesh) => mesh.namespace === options.namespace || mesh.name === options.meshName,
  );
  if (same !== undefined) {
    throw new MeshError(
      'api_conflict',
      `mesh [${same.name}] is installed in namespace [${same.namespace}] already: osm mesh upgrade changes it, osm uninstall mesh --mesh-name ${same.name} removes it; or choose other names`,
    );
  }
  const alone = meshes.find((mesh) => mesh.single);
  if (alone !== undefined || (options.enforceSingleMesh && meshes.length > 0)) {
    const other = alone ?? meshes[0];
    throw new MeshError(
      'api_conflict',
      `mesh [${other?.name ?? ''}] in namespace [${other?.namespace ?? ''}] does not share this cluster; install both with --enforce-single-mesh=false`,
    );
  }
}

/** An installation that failed or was interrupted is in the way of the next one of that name, and has nothing that runs. */
async function clearRemains(tools: InstallTools, options: InstallOptions): Promise<void> {
  const remains = await findRelease(tools.helm, releaseOf(options));
  if (remains === undefined) return;
  tools.terminal.note(`Removing the remains of an installation that ended as ${remains.status}`);
  await removeRelease(tools, remains);
}

/** Values for the MeshConfig are for a mesh that has none; who reinstalls may not know that his is still there. */
async function tellWhatIsKept(
  { server, terminal }: InstallTools,
  { namespace }: InstallOptions,
): Promise<void> {
  const path = resourcePath(resourceTypes.meshConfig, { namespace, name: 'osm-mesh-config' });
  try {
    await server.ask({ path });
  } catch (thrown) {
    if (MeshError.from(thrown).code === 'not_found') return;
    throw thrown;
  }
  terminal.note(
    `MeshConfig [osm-mesh-config] in namespace [${namespace}] is there and stays as it is, whatever the values say: kubectl -n ${namespace} edit meshconfig osm-mesh-config, or delete it first`,
  );
}

function remedies({ meshName, namespace }: ChartOptions): {
  readonly unfinished: string;
  readonly look: string;
} {
  const names = `--mesh-name ${meshName} --osm-namespace ${namespace}`;
  return {
    unfinished: `The installation is unfinished: osm install begins again, osm uninstall mesh ${names} --force removes what was made`,
    look: `look with: kubectl -n ${namespace} get pods,events; remove with: osm uninstall mesh ${names} --force`,
  };
}

async function failure(
  tools: InstallTools,
  options: InstallOptions,
  { result, sinceMs }: { readonly result: HelmResult; readonly sinceMs: number },
): Promise<MeshError> {
  const { meshName, namespace, atomic } = options;
  const lines = [`the installation of mesh [${meshName}] failed: ${helmComplaint(result)}`];
  lines.push(...(await causes(tools.server, { namespace, sinceMs })));
  // Helm makes a release once it has understood chart and values.
  const made = await findRelease(tools.helm, releaseOf(options)).catch(() => releaseOf(options));
  if (made === undefined) lines.push('nothing was installed, definitions apart');
  else if (atomic) {
    await removeRelease(tools, { name: meshName, namespace });
    lines.push(
      'the release was removed again; MeshConfig and the Secrets of root and bus stay for the next one',
    );
  } else lines.push(remedies(options).look);
  return new MeshError('api_unavailable', lines.join('\n'));
}

/** What diagnose() says, indented; nothing when the API server does not answer, which helm has said already. */
export async function causes(
  server: ApiServer,
  place: { readonly namespace: string; readonly sinceMs: number },
): Promise<readonly string[]> {
  const found = await diagnose(server, place).catch(() => []);
  return found.map((line) => `  ${line}`);
}

function releaseOf({ meshName, namespace }: ChartOptions): {
  readonly name: string;
  readonly namespace: string;
} {
  return { name: meshName, namespace };
}

/** The version of Kubernetes that manifests are rendered for when there is no cluster to ask. */
const assumedVersion = 'v1.30.0';

/** `osm install --dry-run`: prints what would be applied, and changes nothing. Needs no cluster; asks one that is there for its version. */
export async function printManifests(
  {
    helm,
    terminal,
    server,
  }: Pick<InstallTools, 'helm' | 'terminal'> & {
    readonly server: () => ApiServer;
  },
  options: ChartOptions,
): Promise<void> {
  const version = await clusterVersion(server).catch(() => assumedVersion);
  const result = await helm([
    'template',
    ...chartArguments(options),
    '--include-crds',
    '--kube-version',
    version,
  ]);
  if (result.status !== 0) throw new MeshError('invalid_config', helmComplaint(result));
  terminal.print(result.output.trimEnd());
}

async function clusterVersion(server: () => ApiServer): Promise<string> {
  const found = (await server().ask({ path: '/version' })) as KubernetesObject;
  return typeof found['gitVersion'] === 'string' ? found['gitVersion'] : assumedVersion;
}
