import type { Command } from 'commander';
import { uninstall } from './commands/uninstall.ts';
import { withExamples } from './help-pages.ts';
import type { CommandTools } from './command-tools.ts';

interface UninstallFlags {
  readonly meshName?: string;
  readonly force: boolean;
  readonly deleteClusterWideResources: boolean;
  readonly deleteNamespace: boolean;
  readonly caBundleSecretName: string;
}

/** `osm uninstall mesh`. */
export function addUninstall(program: Command, tools: CommandTools): void {
  const mesh = program
    .command('uninstall')
    .description('remove what install made')
    .command('mesh')
    .aliases(['delete', 'del'])
    .description('remove control planes; policy and definitions stay unless asked for');
  withExamples(
    mesh,
    'osm uninstall mesh',
    'osm uninstall mesh --force --delete-namespace --delete-cluster-wide-resources',
  )
    .option('--mesh-name <name>', 'name of the mesh (default: every mesh, asked one by one)')
    .option('-f, --force', 'ask nothing, and do not mind when there is none', false)
    .option(
      '-a, --delete-cluster-wide-resources',
      'also definitions (and all policy), webhooks and Secrets',
      false,
    )
    .option('--delete-namespace', 'also the namespace of the control plane', false)
    .option('--ca-bundle-secret-name <name>', 'Secret of the root', 'osm-ca-bundle')
    .action((flags: UninstallFlags) =>
      uninstall(
        { server: tools.server(), helm: tools.helm(), terminal: tools.terminal },
        {
          ...flags,
          meshName: flags.meshName,
          namespace: tools.namedNamespace(),
          defaultNamespace: tools.namespace(),
          managed: tools.settings.kind === 'managed',
        },
      ),
    );
}
