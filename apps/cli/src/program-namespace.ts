import { Option, type Command } from 'commander';
import {
  addNamespaces,
  ignoreNamespaces,
  listNamespaces,
  removeNamespace,
} from './commands/namespace.ts';
import { withExamples } from './help-pages.ts';
import { answerFormat } from './options.ts';
import type { CommandTools } from './command-tools.ts';

/** `osm namespace add|remove|ignore|list`. */
export function addNamespace(program: Command, { terminal, server }: CommandTools): void {
  const namespace = program
    .command('namespace')
    .alias('ns')
    .description('join namespaces to a mesh, take them out, list them');
  const meshName = (): Option =>
    new Option('--mesh-name <name>', 'name of the mesh').default('osm');
  const add = namespace
    .command('add <namespaces...>')
    .description('join namespaces to a mesh; new pods there get a sidecar');
  withExamples(add, 'osm namespace add bookbuyer bookstore')
    .addOption(meshName())
    .option('--disable-sidecar-injection', 'pods get no sidecar unless they ask for one', false)
    .action((names: string[], options: { meshName: string; disableSidecarInjection: boolean }) =>
      addNamespaces({ server: server(), terminal }, names, options),
    );
  namespace
    .command('remove <namespace>')
    .description('take a namespace out of a mesh')
    .addOption(meshName())
    .action((name: string, options: { meshName: string }) =>
      removeNamespace({ server: server(), terminal }, name, options),
    );
  namespace
    .command('ignore <namespaces...>')
    .description('keep namespaces out of every mesh')
    .addOption(meshName())
    .action((names: string[]) => ignoreNamespaces({ server: server(), terminal }, names));
  namespace
    .command('list')
    .description('list the namespaces of a mesh, or of all')
    .option('--mesh-name <name>', 'name of the mesh (default: all)')
    .addOption(answerFormat())
    .action(({ meshName: mesh, output }: { meshName?: string; output: string }) =>
      listNamespaces({ server: server(), terminal }, { meshName: mesh, output }),
    );
}
