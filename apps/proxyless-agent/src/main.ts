import { runService, systemClock } from '@osm/runtime';
import { flags } from './config.ts';
import { runAgent } from './service.ts';

await runService({
  name: 'proxyless-agent',
  summary: 'gives a gRPC process without a sidecar its identity, and its way to the xDS server',
  flags,
  start: (context) => runAgent(context, { clock: systemClock }),
});
