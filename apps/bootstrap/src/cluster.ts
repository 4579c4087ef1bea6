import { openApiServer } from '@osm/kubernetes';
import { systemClock } from '@osm/runtime';
import type { Logger } from '@osm/telemetry';
import type { Config } from './config.ts';
import { bootstrap } from './service.ts';

/** Does its work on the cluster that the flags name. */
export async function bootstrapCluster(config: Config, log: Logger): Promise<void> {
  await bootstrap(config, { server: openApiServer(config), clock: systemClock, log });
}
