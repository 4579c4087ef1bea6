import { createApiServer, loadApiCredentials } from '@osm/kubernetes';
import { systemClock } from '@osm/runtime';
import type { Logger } from '@osm/telemetry';
import type { Config } from './config.ts';
import { bootstrap } from './service.ts';

/** Does its work on the cluster that the flags name. */
export async function bootstrapCluster(config: Config, log: Logger): Promise<void> {
  const credentials = loadApiCredentials({ kubeconfig: config.kubeconfig || undefined });
  await bootstrap(config, { server: createApiServer(credentials), clock: systemClock, log });
}
