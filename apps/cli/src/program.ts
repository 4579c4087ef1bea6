import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createApiServer, loadApiCredentials, type ApiServer } from '@osm/kubernetes';
import { versionInfo } from '@osm/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import { install } from './commands/install.ts';
import { listMeshes } from './commands/mesh.ts';
import {
  addNamespaces,
  ignoreNamespaces,
  listNamespaces,
  removeNamespace,
} from './commands/namespace.ts';
import { uninstall } from './commands/uninstall.ts';
import { showVersion } from './commands/version.ts';
import { readSettings, renderSettings } from './settings.ts';
import type { Terminal } from './terminal.ts';

interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** Where the chart is when none is named: beside the program, or in the sources. */
  readonly charts: readonly string[];
}

interface Globals {
  readonly osmNamespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

const output = (): Option =>
  new Option('-o, --output <format>', 'how to answer').choices(['table', 'json']).default('table');
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const truth = (value: string): boolean => {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new InvalidArgumentError('must be true or false');
};
const releaseName = (value: string): string => {
  if (/^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidArgumentError('must be a DNS label of at most 53 characters');
};

/** The commands of `osm`: names, flags and answers as OSM's. */
export function createProgram(surroundings: Surroundings): Command {
  const { terminal, environment } = surroundings;
  const settings = readSettings(environment);
  const program = new Command('osm')
    .description('Installs and operates Open Service Mesh')
    .version(versionInfo().version)
    .option('--osm-namespace <name>', 'namespace of the control plane', settings.namespace)
    .option('--kubeconfig <file>', 'default: KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .showHelpAfterError('(osm help COMMAND tells more)');
  const globals = (): Globals => program.opts();
  const server = (): ApiServer => {
    const { kubeconfig, context } = globals();
    return createApiServer(loadApiCredentials({ kubeconfig, context }));
  };
  addInstall(program, { ...surroundings, globals, server });
  addUninstall(program, { ...surroundings, globals, server });
  addNamespace(program, { ...surroundings, globals, server });
  program
    .command('mesh')
    .description('control planes')
    .command('list')
    .description('list the control planes of the cluster')
    .addOption(output())
    .action((options: { output: string }) => listMeshes({ server: server(), terminal }, options));
  program
    .command('version')
    .description('versions of this program and of the meshes in the cluster')
    .option('--client-only', 'do not ask the cluster', false)
    .option('--version-only', 'versions, nothing else', false)
    .addOption(output())
    .action((options: { clientOnly: boolean; versionOnly: boolean; output: string }) =>
      showVersion({ server, terminal }, options),
    );
  program
    .command('env')
    .description('the settings of this program (OSM_CONFIG, ~/.osm/config.yaml)')
    .action(() => terminal.print(renderSettings(settings)));
  return program;
}

interface Tools extends Surroundings {
  readonly globals: () => Globals;
  readonly server: () => ApiServer;
}

function addInstall(program: Command, { terminal, charts, globals, server }: Tools): void {
  program
    .command('install')
    .description('install a control plane')
    .option('--osm-chart-path <path>', 'chart, folder or archive; default: the one that came along')
    .option('--mesh-name <name>', 'name of the mesh, and of the Helm release', releaseName, 'osm')
    .option('--enforce-single-mesh [true|false]', 'no other mesh in this cluster', truth, true)
    .option('--timeout <duration>', 'how long to wait until all is ready', '5m')
    .option('--set <name=value>', 'a value of the chart; may be repeated', collect, [])
    .option('-f, --values <file>', 'file with values of the chart; may be repeated', collect, [])
    .option('--atomic', 'remove everything again when it fails', false)
    .option('--dry-run', 'print what would be applied, and change nothing', false)
    .action(
      (options: {
        osmChartPath?: string;
        meshName: string;
        enforceSingleMesh: boolean;
        timeout: string;
        set: readonly string[];
        values: readonly string[];
        atomic: boolean;
        dryRun: boolean;
      }) => {
        const found = charts.find((path) => existsSync(path)) ?? 'osm';
        const chart = options.osmChartPath === undefined ? found : resolve(options.osmChartPath);
        return install(
          { server, terminal },
          { ...options, chart, namespace: globals().osmNamespace },
        );
      },
    );
}

function addUninstall(program: Command, { terminal, globals, server }: Tools): void {
  program
    .command('uninstall')
    .description('remove what install made')
    .command('mesh')
    .aliases(['delete', 'del'])
    .description('remove control planes; policy and definitions stay unless asked for')
    .option('--mesh-name <name>', 'default: every mesh, asked one by one')
    .option('-f, --force', 'ask nothing, and do not mind when there is none', false)
    .option(
      '-a, --delete-cluster-wide-resources',
      'also definitions (and all policy), webhooks and Secrets',
      false,
    )
    .option('--delete-namespace', 'also the namespace of the control plane', false)
    .option('--ca-bundle-secret-name <name>', 'Secret of the root', 'osm-ca-bundle')
    .action(
      (options: {
        meshName?: string;
        force: boolean;
        deleteClusterWideResources: boolean;
        deleteNamespace: boolean;
        caBundleSecretName: string;
      }) =>
        uninstall(
          { server: server(), terminal },
          { ...options, meshName: options.meshName, namespace: globals().osmNamespace },
        ),
    );
}

function addNamespace(program: Command, { terminal, server }: Tools): void {
  const namespace = program.command('namespace').alias('ns').description('namespaces of a mesh');
  const meshName = (): Option =>
    new Option('--mesh-name <name>', 'name of the mesh').default('osm');
  const tools = (): { server: ApiServer; terminal: Terminal } => ({ server: server(), terminal });
  namespace
    .command('add <namespaces...>')
    .description('join namespaces to a mesh')
    .addOption(meshName())
    .option('--disable-sidecar-injection', 'pods get no sidecar unless they ask for one', false)
    .action((names: string[], options: { meshName: string; disableSidecarInjection: boolean }) =>
      addNamespaces(tools(), names, options),
    );
  namespace
    .command('remove <namespace>')
    .description('take a namespace out of a mesh')
    .addOption(meshName())
    .action((name: string, options: { meshName: string }) =>
      removeNamespace(tools(), name, options),
    );
  namespace
    .command('ignore <namespaces...>')
    .description('keep namespaces out of every mesh')
    .addOption(meshName())
    .action((names: string[]) => ignoreNamespaces(tools(), names));
  namespace
    .command('list')
    .description('list the namespaces of a mesh, or of all')
    .option('--mesh-name <name>', 'default: all')
    .addOption(output())
    .action((options: { meshName?: string; output: string }) =>
      listNamespaces(tools(), { meshName: options.meshName, output: options.output }),
    );
}
