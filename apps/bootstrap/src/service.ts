import { readFileSync } from 'node:fs';
import type { ApiServer } from '@osm/kubernetes';
import type { Clock } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import { bootstrapBus } from './bus-secrets.ts';
import type { Config } from './config.ts';
import { applyDefinitions, createMeshConfig } from './definitions.ts';
import { bootstrapRoot } from './root-secret.ts';
import { createSecrets } from './secrets.ts';

interface Environment {
  readonly server: ApiServer;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** Everything that must be there before the services start. Whatever is there already stays; so it may run again at any time. */
export async function bootstrap(
  config: Config,
  { server, clock, log }: Environment,
): Promise<void> {
  const { meshNamespace, meshName, caBundleSecret, crds, presetMeshConfig } = config;
  if (crds !== '') log.info('applied', { definitions: await applyDefinitions(server, crds) });
  const secrets = createSecrets(server, meshNamespace, meshName);
  const nowMs = clock.now();
  if (caBundleSecret !== '') {
    const made = await bootstrapRoot(secrets, caBundleSecret, nowMs);
    log.info(made ? 'root made' : 'root is there', { secret: caBundleSecret });
  }
  if (config.nats) log.info('bus', { written: await bootstrapBus(secrets, config, nowMs) });
  if (presetMeshConfig !== '') {
    const spec: unknown = JSON.parse(readFileSync(presetMeshConfig, 'utf8'));
    const target = { namespace: meshNamespace, name: 'osm-mesh-config', spec };
    const made = await createMeshConfig(server, target);
    log.info(made ? 'MeshConfig made' : 'MeshConfig is there, and stays as it is');
  }
}
