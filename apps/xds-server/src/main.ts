import { createBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { runXdsServer } from './service.ts';

await runService({
  name: 'xds-server',
  summary: 'delivers configuration and certificates to proxies',
  flags,
  start: async (context) => {
    const { config, instance, log, metrics } = context;
    const bus = createBus({
      url: config.natsUrl,
      credentialsFile: config.natsCredentials || undefined,
      caFile: config.natsCa || undefined,
      plaintext: config.natsPlaintext,
      replicas: Number(config.natsReplicas),
      name: 'xds-server',
      instance,
      log,
      metrics,
    });
    try {
      await runXdsServer(context, { bus, clock: systemClock, random: { next: Math.random } });
    } finally {
      await bus.close();
    }
  },
});
