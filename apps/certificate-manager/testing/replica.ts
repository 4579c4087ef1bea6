import type { Bus } from '@osm/bus';
import { silentLogger } from '@osm/bus/testing';
import { createReadiness, systemClock, type Readiness } from '@osm/runtime';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { runCertificateManager } from '../src/service.ts';

/** One running certificate manager on a bus in memory. */
export interface Replica {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** What it warned of. */
  readonly warnings: () => readonly string[];
  /** Rejects when the service ends by an error. */
  readonly done: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Where a bus comes from: in memory, or a server. */
export interface TestHub {
  readonly connect: (options?: { readonly service?: string; readonly instance?: string }) => Bus;
}

/** Starts one with its root in a directory. */
export function startReplica(hub: TestHub, instance: string, caDirectory: string): Replica {
  const abort = new AbortController();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const warnings: string[] = [];
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
      log: { ...silentLogger, warn: (message) => void warnings.push(message) },
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
    warnings: () => warnings,
    done,
    stop: async () => {
      abort.abort();
      await done;
      await bus.close();
    },
  };
}
