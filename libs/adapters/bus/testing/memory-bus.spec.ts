import { createMetrics } from '@osm/telemetry';
import { createBusOver } from '../src/bus-over-link.ts';
import { busContract } from './bus-contract.ts';
import { silentLogger } from './memory-bus.ts';
import { createMemoryServer } from './memory-link.ts';

busContract('memory', async () => {
  const server = createMemoryServer();
  return {
    connect: () =>
      createBusOver({
        link: server.link(),
        instance: 'test',
        log: silentLogger,
        metrics: createMetrics(),
      }),
    stop: async () => server.stop(),
    start: async () => server.start(),
    wipe: async () => server.wipe(),
    snapshot: async () => {
      const restore = server.snapshot();
      return async () => restore();
    },
    deleteBucket: async () => server.wipe(),
    foreignPut: async (bucket, key, bytes) => server.put(bucket, key, bytes),
    close: async () => server.stop(),
  };
});
