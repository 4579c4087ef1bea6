import type { Command } from 'commander';
import { install, printManifests, type InstallTools } from './commands/install.ts';
import { upgrade } from './commands/upgrade.ts';
import { withExamples } from './help-pages.ts';
import { collect, parseDuration, parseMeshName, parseTruth } from './options.ts';
import type { CommandTools } from './command-tools.ts';

interface ChartFlags {
  readonly osmChartPath?: string;
  readonly meshName: string;
  readonly timeout: string;
  readonly set: readonly string[];
  readonly values: readonly string[];
}

interface InstallFlags extends ChartFlags {
  readonly enforceSingleMesh: boolean;
  readonly atomic: boolean;
  readonly dryRun: boolean;
}

/** `osm install`. */
export function addInstall(program: Command, tools: CommandTools): void {
  const command = program.command('install').description('install a control plane');
  withExamples(
    command,
    'osm install',
    'osm install --mesh-name shop --osm-namespace shop-mesh',
    'osm install --set osm.enablePermissiveTrafficPolicy=false -f values.yaml',
  );
  addChartFlags(command)
    .option('--enforce-single-mesh [true|false]', 'no other mesh in this cluster', parseTruth, true)
    .option('--atomic', 'remove the release again when it fails', false)
    .option('--dry-run', 'print what would be applied, and change nothing', false)
    .action(async (flags: InstallFlags) => {
      const options = {
        ...flags,
        chart: tools.chart(flags.osmChartPath),
        namespace: tools.namespace(),
      };
      if (flags.dryRun) {
        const { terminal, server } = tools;
        return printManifests({ terminal, server, helm: tools.helm() }, options);
      }
      const interruptedBy = await install(connected(tools), options);
      if (interruptedBy !== undefined) tools.endBy(interruptedBy);
    });
}

/** `osm mesh upgrade`. */
export function addMeshUpgrade(mesh: Command, tools: CommandTools): void {
  const command = mesh
    .command('upgrade')
    .description("upgrade a control plane; values are those given now, else the chart's");
  withExamples(command, 'osm mesh upgrade --mesh-name osm -f values.yaml');
  addChartFlags(command).action(async (flags: ChartFlags) => {
    const options = { ...flags, chart: tools.chart(flags.osmChartPath) };
    const interruptedBy = await upgrade(connected(tools), options);
    if (interruptedBy !== undefined) tools.endBy(interruptedBy);
  });
}

function addChartFlags(command: Command): Command {
  return command
    .option(
      '--osm-chart-path <path>',
      'chart, folder or archive (default: the one that came along)',
    )
    .option('--mesh-name <name>', 'name of the mesh, and of the Helm release', parseMeshName, 'osm')
    .option('--timeout <duration>', 'how long to wait until all is ready', parseDuration, '5m')
    .option('--set <name=value>', 'a value of the chart; may be repeated', collect, [])
    .option('-f, --values <file>', 'file with values of the chart; may be repeated', collect, []);
}

function connected({ server, terminal, helm, clock }: CommandTools): InstallTools {
  return { server: server(), terminal, helm: helm(), clock };
}
