import { createApiServer, loadApiCredentials } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { describeFlags, parseFlags, systemClock } from '@osm/runtime';
import { createLogger } from '@osm/telemetry';
import { flags, type Config } from './config.ts';
import { createReloader, lookForever, systemProcesses } from './nats-reload.ts';
import { bootstrap } from './service.ts';

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
      await lookForever(createReloader(config.reloadNats, { processes, log }), log);
    }
    const credentials = loadApiCredentials({ kubeconfig: config.kubeconfig || undefined });
    await bootstrap(config, { server: createApiServer(credentials), clock: systemClock, log });
  } catch (thrown) {
    log.error('ended by an error', { err: MeshError.from(thrown) });
    process.exit(1);
  }
}
