import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openApiServer } from '@osm/kubernetes';
import { systemClock, versionInfo } from '@osm/runtime';
import { Command } from 'commander';
import { listMeshes } from './commands/mesh.ts';
import { showVersion } from './commands/version.ts';
import { createHelm } from './helm.ts';
import { helpPages } from './help-pages.ts';
import { answerFormat } from './options.ts';
import { addInstall, addMeshUpgrade } from './program-install.ts';
import { addNamespace } from './program-namespace.ts';
import { addUninstall } from './program-uninstall.ts';
import { readSettings, renderSettings } from './settings.ts';
import type { CommandTools, Surroundings } from './command-tools.ts';

interface Globals {
  readonly osmNamespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly verbose: boolean;
}

/** The commands of `osm`: names, flags and answers as OSM's. */
export function createProgram(surroundings: Surroundings): Command {
  const { terminal, environment, charts } = surroundings;
  const settings = readSettings(environment);
  const program = new Command('osm')
    .description('Installs and operates Open Service Mesh')
    .version(versionInfo().version, '-V, --version', 'print the version of this program')
    .helpOption('-h, --help', 'tell how a command is used')
    .helpCommand('help [command]', 'tell how a command is used')
    .option('--osm-namespace <name>', 'namespace of the control plane', settings.namespace)
    .option(
      '--kubeconfig <file>',
      'file that names the cluster (default: KUBECONFIG or ~/.kube/config)',
    )
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--verbose', 'say what is done, in lines with [debug]', false)
    .showHelpAfterError('(osm help COMMAND tells more)')
    .configureHelp(helpPages)
    .exitOverride();
  const globals = (): Globals => program.opts();
  const tools: CommandTools = {
    ...surroundings,
    settings,
    clock: systemClock,
    namespace: () => globals().osmNamespace,
    namedNamespace: () =>
      program.getOptionValueSource('osmNamespace') === 'cli' ? globals().osmNamespace : undefined,
    server: () => {
      const { kubeconfig, context } = globals();
      return openApiServer({ kubeconfig, context });
    },
    helm: () => {
      const { kubeconfig, context, verbose } = globals();
      const trace = (command: string): void => terminal.note(`[debug] ${command}`);
      return createHelm({ kubeconfig, context, trace: verbose ? trace : undefined });
    },
    chart: (path) => resolve(path ?? charts.find((each) => existsSync(each)) ?? 'osm'),
  };
  // Whoever runs a managed mesh installs and upgrades it himself.
  if (settings.kind === 'self-hosted') addInstall(program, tools);
  addUninstall(program, tools);
  addNamespace(program, tools);
  addMesh(program, tools);
  addVersion(program, tools);
  program
    .command('env')
    .description('print the settings of this program (OSM_CONFIG, ~/.osm/config.yaml)')
    .action(() => terminal.print(renderSettings(settings)));
  return program;
}

function addMesh(program: Command, tools: CommandTools): void {
  const { terminal, server, settings } = tools;
  const mesh = program.command('mesh').description('control planes of the cluster');
  mesh
    .command('list')
    .description('list the control planes of the cluster')
    .addOption(answerFormat())
    .action((options: { output: string }) => listMeshes({ server: server(), terminal }, options));
  if (settings.kind === 'self-hosted') addMeshUpgrade(mesh, tools);
}

function addVersion(program: Command, { terminal, server }: CommandTools): void {
  program
    .command('version')
    .description('print the versions of this program and of the meshes in the cluster')
    .option('--client-only', 'do not ask the cluster', false)
    .option('--version-only', 'print versions and nothing else', false)
    .addOption(answerFormat())
    .action((options: { clientOnly: boolean; versionOnly: boolean; output: string }) =>
      showVersion({ server, terminal }, options),
    );
}
