import { createServiceBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { openCluster } from './cluster.ts';
import { flags } from './config.ts';
import { runInjector } from './service.ts';

await runService({
  name: 'injector',
  summary: 'adds the sidecar to pods at admission, and writes its bootstrap Secret',
  flags,
  start: async (context) => {
    const bus = createServiceBus('injector', context);
    try {
      await runInjector(context, { bus, clock: systemClock, cluster: openCluster(context) });
    } finally {
      await bus.close();
    }
  },
});
