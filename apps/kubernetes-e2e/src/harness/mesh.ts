import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { repositoryRoot } from '@osm/services';
import { kubectl, kubectlJson, tryKubectl, type Manifest } from './kubectl.ts';
import { osm, tryOsm } from './osm.ts';

export const meshNamespace = 'osm-system';
export const meshConfigName = 'osm-mesh-config';

/** Where `osm install` finds the chart. */
export const chart = join(repositoryRoot, 'deploy/osm');

/** The installation that stories share: as OSM's test framework has it, SMI mode without egress. */
const values: Readonly<Record<string, string>> = {
  'osm.enablePermissiveTrafficPolicy': 'false',
  'osm.enableEgress': 'false',
  'osm.enableDebugServer': 'true',
};

/** What every story begins with, whatever the one before changed. */
const settings = {
  traffic: {
    enablePermissiveTrafficPolicyMode: false,
    enableEgress: false,
    outboundPortExclusionList: [],
    inboundPortExclusionList: [],
    outboundIPRangeExclusionList: [],
    outboundIPRangeInclusionList: [],
    networkInterfaceExclusionList: [],
  },
};

const installedAs = 'e2e.openservicemesh.io/installed-as';

/**
 * Call it in `beforeAll`: the mesh that stories share is installed, unless it is there already, and its MeshConfig is as they expect
 * it.
 */
export async function useMesh(): Promise<void> {
  if ((await mark()) !== markOf(values)) {
    await removeMesh();
    await installMesh(values);
    await kubectl('annotate', 'namespace', meshNamespace, `${installedAs}=${markOf(values)}`);
  }
  await changeMeshConfig(settings);
}

/** Call it in `beforeAll` of stories that install a mesh of their own: nothing of one is on the cluster. */
export async function withoutMesh(): Promise<void> {
  await removeMesh();
}

/** `osm install` with these values, and what a cluster without a registry needs. */
export async function installMesh(
  chartValues: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<string> {
  const set = Object.entries(chartValues).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return osm('install', '--osm-chart-path', chart, ...set, ...flags);
}

/** `osm uninstall mesh` with everything of it: definitions, webhooks, Secrets, its namespace. */
export async function removeMesh(): Promise<void> {
  const { status, errors } = await tryOsm(
    ...['uninstall', 'mesh', '--force', '--delete-cluster-wide-resources', '--delete-namespace'],
  );
  // A first installation that failed leaves a namespace that `osm` does not know as a mesh's.
  await kubectl('delete', 'namespace', meshNamespace, '--ignore-not-found', '--timeout=120s');
  if (status !== 0) throw new Error(`osm uninstall mesh: ${errors.trim()}`);
}

/** Merges a patch into the spec of the MeshConfig. */
export async function changeMeshConfig(spec: object): Promise<void> {
  const patch = JSON.stringify({ spec });
  await kubectl(
    ...['patch', 'meshconfig', meshConfigName, '-n', meshNamespace, '--type=merge', '-p', patch],
  );
}

async function mark(): Promise<string | undefined> {
  const { status } = await tryKubectl('get', 'namespace', meshNamespace);
  if (status !== 0) return undefined;
  const { metadata } = await kubectlJson<Manifest>('get', 'namespace', meshNamespace);
  return metadata.annotations?.[installedAs];
}

function markOf(chartValues: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(chartValues)).digest('hex').slice(0, 12);
}
