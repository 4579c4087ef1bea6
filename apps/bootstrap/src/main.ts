import { readFileSync } from 'node:fs';
import { createApiServer, loadApiCredentials } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { describeFlags, parseFlags, systemClock } from '@osm/runtime';
import { createLogger } from '@osm/telemetry';
import { bootstrapBus } from './bus-secrets.ts';
import { flags, type Config } from './config.ts';
import { applyDefinitions, createMeshConfig } from './definitions.ts';
import { bootstrapRoot } from './root-secret.ts';
import { createSecrets } from './secrets.ts';

const name = 'bootstrap';
const log = createLogger(name, 'info');

/** Everything that must be there before the services start. Whatever is there already stays; so it may run again at any time. */
async function bootstrap(config: Config): Promise<void> {
  const server = createApiServer(
    loadApiCredentials({ kubeconfig: config.kubeconfig || undefined }),
  );
  const { meshNamespace, meshName, caBundleSecret, crds, presetMeshConfig } = config;
  if (crds !== '') log.info('applied', { definitions: await applyDefinitions(server, crds) });
  const secrets = createSecrets(server, meshNamespace, meshName);
  const nowMs = systemClock.now();
  if (caBundleSecret !== '') {
    const made = await bootstrapRoot(secrets, caBundleSecret, nowMs);
    log.info(made ? 'root made' : 'root is there', { secret: caBundleSecret });
  }
  if (config.nats) log.info('bus', { written: await bootstrapBus(secrets, config, nowMs) });
  if (presetMeshConfig !== '') {
    const spec: unknown = JSON.parse(readFileSync(presetMeshConfig, 'utf8'));
    const target = { namespace: meshNamespace, name: 'osm-mesh-config', spec };
    const made = await createMeshConfig(server, systemClock, target);
    log.info(made ? 'MeshConfig made' : 'MeshConfig is there, and stays as it is');
  }
}

const parsed = parseFlags(flags, process.argv.slice(2), process.env);
if (parsed.kind === 'error') {
  process.stderr.write(`${parsed.error}\nTry: ${name} --help\n`);
  process.exit(2);
} else if (parsed.value.kind === 'help') {
  const summary =
    'makes what the services need before they start: definitions, root, keys of the bus, MeshConfig';
  process.stdout.write(describeFlags(name, summary, flags));
} else {
  await bootstrap(parsed.value.config as Config).catch((thrown: unknown) => {
    log.error('ended by an error', { err: MeshError.from(thrown) });
    process.exit(1);
  });
}
