import type { Logger, Metrics } from '@osm/telemetry';
import type { Bus } from './bus.ts';
import { createBus } from './create-bus.ts';

/** What a service has of the bus: the values of its flags (busFlags of @osm/runtime; empty texts mean none), and itself. */
export interface ServiceBusContext {
  readonly config: {
    readonly natsUrl: string;
    readonly natsCredentials: string;
    readonly natsCa: string;
    readonly natsPlaintext: boolean;
    readonly natsReplicas: string;
  };
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Opens the connection of a service as its flags say. The service closes it. */
export function createServiceBus(
  name: string,
  { config, instance, log, metrics }: ServiceBusContext,
): Bus {
  return createBus({
    url: config.natsUrl,
    credentialsFile: config.natsCredentials || undefined,
    caFile: config.natsCa || undefined,
    plaintext: config.natsPlaintext,
    replicas: Number(config.natsReplicas),
    name,
    instance,
    log,
    metrics,
  });
}
