import { createServiceBus } from '@osm/bus';
import { runService } from '@osm/runtime';
import { flags } from './config.ts';
import { runPolicyCompiler } from './service.ts';

await runService({
  name: 'policy-compiler',
  summary: 'compiles the catalog to Envoy configuration',
  flags,
  start: async (context) => {
    const bus = createServiceBus('policy-compiler', context);
    try {
      await runPolicyCompiler(context, bus);
    } finally {
      await bus.close();
    }
  },
});
