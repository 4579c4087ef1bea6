import { createBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { runCertificateManager } from './service.ts';

await runService({
  name: 'certificate-manager',
  summary: 'issues the identities of the mesh, and says which roots to trust',
  flags,
  start: async (context) => {
    const { config, instance, log, metrics } = context;
    const bus = createBus({
      url: config.natsUrl,
      credentialsFile: config.natsCredentials || undefined,
      caFile: config.natsCa || undefined,
      plaintext: config.natsPlaintext,
      replicas: Number(config.natsReplicas),
      name: 'certificate-manager',
      instance,
      log,
      metrics,
    });
    try {
      await runCertificateManager(context, { bus, clock: systemClock });
    } finally {
      await bus.close();
    }
  },
});
