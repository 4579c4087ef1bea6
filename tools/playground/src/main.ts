import { MeshError } from '@osm/prelude';
import { UsageError, type Command } from './commands/command.ts';
import { OtherUser } from './control/control-client.ts';
import { readFacts } from './privilege/facts.ts';
import { runAgain } from './privilege/run-again.ts';
import { exitWhenWritten } from './process/exit.ts';

// Loaded when used: `exec` in a loop should not pay for what only `up` needs.
const commands: readonly {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}[] = [
  {
    name: 'up',
    summary: 'run the manifests of a directory, and follow changes of its files',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  {
    name: 'list',
    summary: 'list the playgrounds that run',
    load: async () => (await import('./commands/list.ts')).listCommand,
  },
  {
    name: 'pods',
    summary: 'list the pods',
    load: async () => (await import('./commands/pods.ts')).podsCommand,
  },
  {
    name: 'exec',
    summary: 'run a command in a pod',
    load: async () => (await import('./commands/exec.ts')).execCommand,
  },
  {
    name: 'logs',
    summary: "print a container's output",
    load: async () => (await import('./commands/logs.ts')).logsCommand,
  },
  {
    name: 'config',
    summary: "print the configuration of a pod's Envoy",
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    name: 'bootstrap',
    summary: 'print the bootstrap of gRPC for a pod without a sidecar',
    load: async () => (await import('./commands/bootstrap.ts')).bootstrapCommand,
  },
  {
    name: 'down',
    summary: 'end the running playground',
    load: async () => (await import('./commands/down.ts')).downCommand,
  },
];

await exitWhenWritten(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) return overview(name);
  const command = await entry.load();
  const ownArgs = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (ownArgs.includes('--help') || ownArgs.includes('-h')) {
    process.stdout.write(`${usage(command)}\n${command.summary}\n\n${command.help}\n`);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      process.stderr.write(
        `${thrown.message}\n${usage(command)}\nMore: npm run playground -- ${command.name} --help\n`,
      );
      return 2;
    }
    // A playground that was started with sudo is looked at with sudo, when that asks for nothing.
    if (thrown instanceof OtherUser && thrown.uid === 0 && readFacts().sudo === 'without password')
      return runAgain({ kind: 'with sudo', reason: thrown.message });
    process.stderr.write(`${MeshError.from(thrown).message}\n`);
    return 1;
  }
}

function usage(command: Command): string {
  return `Usage: npm run playground -- ${command.name} ${command.usage}`.trimEnd();
}

function overview(name: string | undefined): number {
  const isHelp = name === '--help' || name === '-h' || name === 'help';
  const rows = commands.map((command) => `  ${command.name.padEnd(11)}${command.summary}`);
  const text = `The mesh on this machine, without a cluster: pods in network namespaces, real Envoys, the five services.

Usage: npm run playground -- COMMAND [...]

${rows.join('\n')}

Each command has --help.
`;
  (isHelp ? process.stdout : process.stderr).write(
    isHelp || name === undefined ? text : `There is no command "${name}".\n\n${text}`,
  );
  return isHelp ? 0 : 2;
}
