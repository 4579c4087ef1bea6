import { join } from 'node:path';
import { createBus, createDevelopmentCredentials, startNatsServer, type Bus } from '@osm/bus';
import { createLogger, createMetrics } from '@osm/telemetry';

export interface BusServer {
  readonly url: string;
  /** Credentials files by service. */
  readonly credentials: ReadonlyMap<string, string>;
  /** A connection with the rights of the injector: it may ask for the certificates of proxies. */
  readonly connect: () => Promise<Bus>;
  readonly close: () => Promise<void>;
}

/** Starts a NATS server with the accounts and rights of the mesh. */
export async function startBusServer(state: string): Promise<BusServer> {
  const directory = join(state, 'nats');
  const { users, files } = createDevelopmentCredentials(directory);
  const server = await startNatsServer({ directory, users });
  return {
    url: server.url,
    credentials: files,
    connect: async () => {
      const bus = createBus({
        url: server.url,
        credentialsFile: files.get('injector'),
        name: 'injector',
        instance: 'bench',
        log: createLogger('bench', 'error'),
        metrics: createMetrics(),
      });
      await connected(bus);
      return bus;
    },
    close: server.stop,
  };
}

async function connected(bus: Bus): Promise<void> {
  if (bus.connected()) return;
  await new Promise<void>((resolve) => {
    const forget = bus.onConnected((isConnected) => {
      if (!isConnected) return;
      forget();
      resolve();
    });
  });
}
