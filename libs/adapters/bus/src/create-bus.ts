import type { Logger, Metrics } from '@osm/telemetry';
import { createBusOver } from './bus-over-link.ts';
import type { Bus } from './bus.ts';
import { createRefusedCounter } from './bus-metrics.ts';
import { createNatsLink } from './nats-link.ts';
import { meshRights, ownedBuckets, type MeshRights } from './rights.ts';

/** Where the server is, and as whom to speak to it. */
export interface CreateBusOptions {
  /** For example tls://nats:4222, or nats://127.0.0.1:4222 on this machine; several with commas. */
  readonly url: string;
  /** `nats://` may lead to other machines. Without it createBus throws `invalid_config` then. */
  readonly plaintext?: boolean | undefined;
  /** A file with the service's nkey seed. Without one the server must let anybody in, and has no accounts (development, tests). */
  readonly credentialsFile?: string | undefined;
  /** PEM of who signed the server's certificate, for tls:// addresses. */
  readonly caFile?: string | undefined;
  /** How many servers of a cluster keep each bucket of this service; default 1. */
  readonly replicas?: number;
  /** The service: decides the rights, see rights.ts. */
  readonly name: string;
  /** Unique among the instances of the service. */
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Who may do what; the mesh's own table unless a test has another. */
  readonly rights?: MeshRights;
}

/** Opens the connection of a service to NATS. Returns at once; the bus says `connected` when it is, and comes back for ever. */
export function createBus(options: CreateBusOptions): Bus {
  const { credentialsFile, log } = options;
  const owned = ownedBuckets(options.rights ?? meshRights, options.name);
  const refused = createRefusedCounter(options.metrics);
  const link = createNatsLink({
    url: options.url,
    service: options.name,
    instance: options.instance,
    plaintext: options.plaintext,
    credentialsFile,
    caFile: options.caFile,
    onRefused: (operation) => refused.inc({ operation }),
    replicas: options.replicas ?? 1,
    isOwn: (bucket) => credentialsFile === undefined || owned.has(bucket),
    log: log.child({ part: 'bus' }),
  });
  const { name: service, instance, metrics } = options;
  return createBusOver({ link, service, instance, log, metrics });
}
