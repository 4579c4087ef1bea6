import { createBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { createDirectorySource } from './directory/directory-source.ts';
import { runCatalogWatcher } from './service.ts';

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
    const source = createDirectorySource({ directories: config.directory, clock: systemClock });
    try {
      await runCatalogWatcher(context, { bus, source });
    } finally {
      await bus.close();
    }
  },
});
