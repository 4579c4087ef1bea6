import { createMetrics } from '@osm/telemetry';
import { createBusOver } from '../src/bus-over-link.ts';
import type { Bus } from '../src/bus.ts';
import { busContract } from './bus-contract.ts';
import { silentLogger } from './memory-bus.ts';
import { createMemoryServer } from './memory-link.ts';

busContract('memory', async () => {
  const server = createMemoryServer();
  const ends = new Map<Bus, () => Promise<void>>();
  return {
    connect: () => {
      const link = server.link();
      const bus = createBusOver({
        link,
        service: 'reader',
        instance: 'test',
        log: silentLogger,
        metrics: createMetrics(),
      });
      ends.set(bus, link.close);
      return bus;
    },
    sever: async (bus) => ends.get(bus)?.(),
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
