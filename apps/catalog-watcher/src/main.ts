import { createServiceBus } from '@osm/bus';
import { runService } from '@osm/runtime';
import { flags } from './config.ts';
import { runCatalogWatcher } from './service.ts';
import { openWorld } from './world.ts';

await runService({
  name: 'catalog-watcher',
  summary: "publishes the mesh's view of the world",
  flags,
  start: async (context) => {
    const bus = createServiceBus('catalog-watcher', context);
    try {
      await runCatalogWatcher(context, { bus, world: openWorld(context, bus) });
    } finally {
      await bus.close();
    }
  },
});
