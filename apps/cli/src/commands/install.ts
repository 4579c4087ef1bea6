import type { ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { runHelm } from '../helm.ts';
import { findMeshes } from '../meshes.ts';
import { tellProgress, unreadyPods } from '../pod-progress.ts';
import type { Terminal } from '../terminal.ts';

export interface InstallOptions {
  readonly chart: string;
  readonly meshName: string;
  readonly namespace: string;
  readonly enforceSingleMesh: boolean;
  readonly timeout: string;
  readonly set: readonly string[];
  readonly values: readonly string[];
  readonly atomic: boolean;
  readonly dryRun: boolean;
}

interface Tools {
  readonly server: () => ApiServer;
  readonly terminal: Terminal;
}

/** `osm install`: the chart through helm, with a word about each pod while it waits, and the reason when it fails. */
export async function install(tools: Tools, options: InstallOptions): Promise<void> {
  const { terminal } = tools;
  const { meshName, namespace } = options;
  if (options.dryRun) {
    const rendered = await runHelm(['template', ...commonArguments(options)]);
    if (rendered.status !== 0) throw new MeshError('invalid_config', cleaned(rendered.error));
    return terminal.print(rendered.output.trimEnd());
  }
  const server = tools.server();
  await refuseSecondMesh(server, options);
  terminal.note(`Installing mesh [${meshName}] in namespace [${namespace}]`);
  const end = new AbortController();
  const progress = tellProgress(server, namespace, { terminal, signal: end.signal });
  try {
    const wait = ['--create-namespace', '--wait', '--timeout', options.timeout];
    const atomic = options.atomic ? ['--atomic'] : [];
    const result = await runHelm(['install', ...commonArguments(options), ...wait, ...atomic]);
    if (result.status !== 0) throw await failure(server, options, result.error);
  } finally {
    end.abort();
    await progress;
  }
  terminal.print(
    `OSM installed successfully in namespace [${namespace}] with mesh name [${meshName}]`,
  );
}

/** Flags of ours have the last word, as OSM. */
function commonArguments(options: InstallOptions): readonly string[] {
  return [
    options.meshName,
    options.chart,
    '--namespace',
    options.namespace,
    ...options.values.flatMap((file) => ['--values', file]),
    ...options.set.flatMap((text) => ['--set', text]),
    '--set',
    `osm.meshName=${options.meshName}`,
    '--set',
    `osm.enforceSingleMesh=${options.enforceSingleMesh}`,
  ];
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
      `mesh [${same.name}] is installed in namespace [${same.namespace}] already: osm uninstall mesh --mesh-name ${same.name} --osm-namespace ${same.namespace}, or choose other names`,
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

async function failure(
  server: ApiServer,
  { namespace, meshName, atomic }: InstallOptions,
  said: string,
): Promise<MeshError> {
  const unready = await unreadyPods(server, namespace).catch(() => []);
  const lines = [
    `the installation of mesh [${meshName}] failed: ${cleaned(said)}`,
    ...unready.map((line) => `  ${line}`),
    atomic
      ? 'everything was removed again'
      : `look with: kubectl -n ${namespace} get pods, remove with: osm uninstall mesh --mesh-name ${meshName} --osm-namespace ${namespace} --force`,
  ];
  return new MeshError('api_unavailable', lines.join('\n'));
}

function cleaned(said: string): string {
  return said
    .split('\n')
    .map((line) => line.replace(/^(Error: )?(INSTALLATION FAILED: )?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('WARNING:'))
    .join('; ');
}
