import { versionInfo } from '@osm/runtime';
import type { ApiServer } from '@osm/kubernetes';
import { askController } from '../controller.ts';
import { findMeshes } from '../meshes.ts';
import { table, type Terminal } from '../terminal.ts';

/** `osm version`: of this program, and of the meshes in the cluster, asked through the API server. */
export async function showVersion(
  tools: { readonly server: () => ApiServer; readonly terminal: Terminal },
  options: { readonly clientOnly: boolean; readonly versionOnly: boolean; readonly output: string },
): Promise<void> {
  const { terminal } = tools;
  const { version, git_commit: commit, build_date: date } = versionInfo();
  const client = { version, gitCommit: commit, buildDate: date };
  if (options.output !== 'json') {
    terminal.print(
      options.versionOnly
        ? `CLI Version: ${version}`
        : `CLI Version: {Version:${version} GitCommit:${commit} BuildDate:${date}}`,
    );
  }
  if (options.clientOnly) {
    if (options.output === 'json') terminal.print(JSON.stringify({ client }, undefined, 2));
    return;
  }
  const server = tools.server();
  const meshes = await Promise.all(
    (await findMeshes(server)).map(async ({ name, namespace }) => {
      const remote = await askController(server, namespace, '/version');
      return {
        name,
        namespace,
        version: remote?.['version'] ?? 'Unknown',
        gitCommit: remote?.['git_commit'] ?? 'Unknown',
        buildDate: remote?.['build_date'] ?? 'Unknown',
      };
    }),
  );
  if (options.output === 'json') {
    return terminal.print(JSON.stringify({ client, meshes }, undefined, 2));
  }
  if (meshes.length === 0) return terminal.print('No osm mesh control planes found');
  const columns = options.versionOnly ? 3 : 5;
  const head = ['MESH NAME', 'MESH NAMESPACE', 'VERSION', 'GIT COMMIT', 'BUILD DATE'];
  const rows = meshes.map((mesh) =>
    [mesh.name, mesh.namespace, mesh.version, mesh.gitCommit, mesh.buildDate].slice(0, columns),
  );
  table(head.slice(0, columns), rows).forEach(terminal.print);
}
