import { createBus } from '@osm/bus';
import { runService } from '@osm/runtime';
import { flags } from './config.ts';
import { runPolicyCompiler } from './service.ts';

await runService({
  name: 'policy-compiler',
  summary: 'compiles the catalog to Envoy configuration',
  flags,
  start: async (context) => {
    const { config, instance, log, metrics } = context;
    const bus = createBus({
      url: config.natsUrl,
      credentialsFile: config.natsCredentials || undefined,
      caFile: config.natsCa || undefined,
      plaintext: config.natsPlaintext,
      replicas: Number(config.natsReplicas),
      name: 'policy-compiler',
      instance,
      log,
      metrics,
    });
    try {
      await runPolicyCompiler(context, bus);
    } finally {
      await bus.close();
    }
  },
});
