import type { Bus } from '@osm/bus';
import { silentLogger, type MemoryBusHub } from '@osm/bus/testing';
import { createReadiness, systemClock, type Readiness } from '@osm/runtime';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { runCertificateManager } from '../src/service.ts';

/** One running certificate manager on a bus in memory. */
export interface Replica {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** Rejects when the service ends by an error. */
  readonly done: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one with its root in a directory. */
export function startReplica(hub: MemoryBusHub, instance: string, caDirectory: string): Replica {
  const abort = new AbortController();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const bus: Bus = hub.connect({ service: 'certificate-manager', instance });
  const done = runCertificateManager(
    {
      config: {
        caDirectory,
        trustDomain: 'cluster.local',
        minValidity: 600_000,
        natsUrl: '',
        natsCredentials: '',
        natsCa: '',
        natsPlaintext: false,
        natsReplicas: '1' as const,
      },
      log: silentLogger,
      metrics,
      readiness,
      http: { route: () => undefined },
      instance,
      signal: abort.signal,
    },
    { bus, clock: systemClock },
  );
  return {
    readiness,
    metrics,
    done,
    stop: async () => {
      abort.abort();
      await done;
      await bus.close();
    },
  };
}
