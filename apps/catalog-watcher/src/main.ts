import { createBus } from '@osm/bus';
import { runService } from '@osm/runtime';
import { flags } from './config.ts';
import { runCatalogWatcher } from './service.ts';
import { openWorld } from './world.ts';

await runService({
  name: 'catalog-watcher',
  summary: "publishes the mesh's view of the world",
  flags,
  start: async (context) => {
    const { config, instance, log, metrics } = context;
    const bus = createBus({
      url: config.natsUrl,
      credentialsFile: config.natsCredentials || undefined,
      caFile: config.natsCa || undefined,
      plaintext: config.natsPlaintext,
      replicas: Number(config.natsReplicas),
      name: 'catalog-watcher',
      instance,
      log,
      metrics,
    });
    try {
      await runCatalogWatcher(context, { bus, world: openWorld(context, bus) });
    } finally {
      await bus.close();
    }
  },
});
