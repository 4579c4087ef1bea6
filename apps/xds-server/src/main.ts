import { createServiceBus } from '@osm/bus';
import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { runXdsServer } from './service.ts';
import { answerSmiVersions } from './smi-versions.ts';

await runService({
  name: 'xds-server',
  summary: 'delivers configuration and certificates to proxies',
  flags,
  start: async (context) => {
    context.http.route('/smi/version', answerSmiVersions);
    const bus = createServiceBus('xds-server', context);
    try {
      await runXdsServer(context, { bus, clock: systemClock, random: { next: Math.random } });
    } finally {
      await bus.close();
    }
  },
});
