// `tsx tools/services/src/bus-credentials.ts --directory DIR --hosts NAME[,NAME...] [--step create|rotate|retire]`: makes or renews
// everything that a NATS outside the playground needs. What to do with the files, and when: docs/security.md.
import { resolve } from 'node:path';
import {
  readBusDirectory,
  updateBusFiles,
  writeBusDirectory,
  type BusFilesOptions,
} from '@osm/bus/installation';
import { MeshError } from '@osm/prelude';
import { describeFlags, flag, parseFlags } from '@osm/runtime';

const flags = {
  directory: flag.text('Where the files are, and where they are written', { placeholder: 'DIR' }),
  hosts: flag.texts('DNS names by which services call the servers', {
    placeholder: 'NAME[,NAME...]',
  }),
  step: flag.choice(
    'create what is missing; rotate: new keys and CA beside the old ones; retire: end the old ones',
    ['create', 'rotate', 'retire'],
    { default: 'create' },
  ),
  members: flag.texts(
    'A cluster: the DNS name of each server, which has its name in its environment as SERVER_NAME',
    { placeholder: 'NAME[,NAME...]', default: '' },
  ),
  port: flag.port('Port of the servers', { default: '4222' }),
  listen: flag.text('Address on which the servers listen', { default: '0.0.0.0' }),
  serverDirectory: flag.text('Where a server finds the files of DIR/server; there, when empty', {
    default: '',
  }),
  storeDirectory: flag.text('Where a server keeps JetStream; DIR/jetstream, when empty', {
    default: '',
  }),
};

const clusterPort = 6222;

function clusterOf(members: readonly string[]): Partial<BusFilesOptions> {
  if (members.length === 0) return {};
  const routes = members.map((member) => `${member}:${clusterPort}`);
  return {
    serverName: '$SERVER_NAME',
    cluster: { name: 'osm', port: clusterPort, members: routes },
  };
}

const summary = 'keys, certificates and configuration of a NATS for the mesh';
const parsed = parseFlags(flags, process.argv.slice(2), process.env);
if (parsed.kind === 'error') {
  process.stderr.write(`${parsed.error}\nTry: bus-credentials --help\n`);
  process.exit(2);
}
if (parsed.value.kind === 'help') {
  process.stdout.write(describeFlags('bus-credentials', summary, flags));
  process.exit(0);
}
const { config } = parsed.value;
const directory = resolve(config.directory);
try {
  const files = await updateBusFiles(readBusDirectory(directory), {
    step: config.step,
    hosts: [...config.hosts, ...config.members],
    ...clusterOf(config.members),
    serverDirectory: config.serverDirectory || `${directory}/server`,
    storeDir: config.storeDirectory || `${directory}/jetstream`,
    listenHost: config.listen,
    port: config.port,
    nowMs: Date.now(),
  });
  writeBusDirectory(directory, files);
  for (const path of [...files.keys()].sort()) process.stdout.write(`${path}\n`);
} catch (thrown) {
  process.stderr.write(`${MeshError.from(thrown).message}\n`);
  process.exit(1);
}
