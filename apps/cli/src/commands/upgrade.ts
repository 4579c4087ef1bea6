import { MeshError } from '@osm/prelude';
import { chartArguments, type ChartOptions } from '../chart-arguments.ts';
import { helmComplaint } from '../helm.ts';
import { findMesh } from '../meshes.ts';
import { withProgress } from '../progress.ts';
import { findRelease } from '../releases.ts';
import { causes, type InstallTools } from './install.ts';

export interface UpgradeOptions extends Omit<ChartOptions, 'namespace' | 'enforceSingleMesh'> {
  readonly timeout: string;
}

/**
 * `osm mesh upgrade`: the chart of this program over an installation that is there. Values are those named now and the chart's own, as
 * OSM; MeshConfig, root and keys stay.
 *
 * @returns The signal that interrupted it.
 */
export async function upgrade(
  { server, terminal, helm, clock }: InstallTools,
  options: UpgradeOptions,
): Promise<NodeJS.Signals | undefined> {
  const { namespace, single } = await findMesh(server, options.meshName);
  const chart = { ...options, namespace, enforceSingleMesh: single };
  terminal.note(`Upgrading mesh [${options.meshName}] in namespace [${namespace}]`);
  const sinceMs = clock.now();
  const args = ['upgrade', ...chartArguments(chart), '--reset-values'];
  const result = await withProgress(server, { namespace, terminal, clock }, () =>
    helm([...args, '--wait', '--timeout', options.timeout]),
  );
  if (result.status === 0) {
    terminal.print(
      `OSM successfully upgraded mesh [${options.meshName}] in namespace [${namespace}]`,
    );
    return undefined;
  }
  if (result.interruptedBy !== undefined) return result.interruptedBy;
  // Values that helm refuses make no revision: to roll back would undo the upgrade before.
  const release = { name: options.meshName, namespace };
  const found = await findRelease(helm, release).catch(() => undefined);
  const lines = [
    `the upgrade of mesh [${options.meshName}] failed: ${helmComplaint(result)}`,
    ...(await causes(server, { namespace, sinceMs })),
    found?.status === 'deployed'
      ? 'nothing was changed'
      : `what ran before runs on; go back with: helm rollback ${options.meshName} --namespace ${namespace}`,
  ];
  throw new MeshError('api_unavailable', lines.join('\n'));
}
