import { createServiceBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { runCertificateManager } from './service.ts';

await runService({
  name: 'certificate-manager',
  summary: 'issues the identities of the mesh, and says which roots to trust',
  flags,
  start: async (context) => {
    const bus = createServiceBus('certificate-manager', context);
    try {
      await runCertificateManager(context, { bus, clock: systemClock });
    } finally {
      await bus.close();
    }
  },
});
