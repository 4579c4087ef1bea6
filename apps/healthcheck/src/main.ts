import { parseArgs } from 'node:util';
import { createBridge } from './bridge.ts';

const usage = `usage: osm-healthcheck [--port PORT]

Answers HTTP probes of the kubelet by opening a TCP connection to the port that their header Original-Tcp-Port names.

  --port PORT        where it listens (default: 15904)
  --verbosity LEVEL  accepted as OSM's, without meaning: it says nothing but why it ended
  -h, --help
`;

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '15904' },
      verbosity: { type: 'string', default: 'info' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(usage);
  else run(Number(values.port));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${usage}`);
  process.exitCode = 2;
}

function run(port: number): void {
  const server = createBridge();
  server.once('error', (error) => {
    process.stderr.write(`port ${port}: ${error.message}\n`);
    process.exit(1);
  });
  server.listen(port);
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
}
