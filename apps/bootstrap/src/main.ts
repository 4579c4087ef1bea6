import { MeshError } from '@osm/prelude';
import { describeFlags, parseFlags } from '@osm/runtime';
import { createLogger } from '@osm/telemetry';
import { flags, type Config } from './config.ts';
import { createReloader, lookAtChanges, systemProcesses } from './nats-reload.ts';

const name = 'bootstrap';
const summary =
  'makes what must be there before the services start: definitions, root, keys of the bus, MeshConfig';
const log = createLogger(name, 'info');

const parsed = parseFlags(flags, process.argv.slice(2), process.env);
if (parsed.kind === 'error') {
  process.stderr.write(`${parsed.error}\nTry: ${name} --help\n`);
  process.exit(2);
} else if (parsed.value.kind === 'help') {
  process.stdout.write(describeFlags(name, summary, flags));
} else {
  try {
    const config = parsed.value.config as Config;
    if (config.reloadNats !== '') {
      const processes = systemProcesses();
      const look = createReloader(config.reloadNats, { processes, log });
      await lookAtChanges(config.reloadNats, look, { log });
    } else {
      // Loaded when needed: beside each NATS stands a copy that does without, and takes less memory.
      const { bootstrapCluster } = await import('./cluster.ts');
      await bootstrapCluster(config, log);
    }
  } catch (thrown) {
    log.error('ended by an error', { err: MeshError.from(thrown) });
    process.exit(1);
  }
}
