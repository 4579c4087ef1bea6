import type { Metrics } from '@osm/telemetry';

/** Creates this service's metrics. */
export function createAgentMetrics(metrics: Metrics) {
  return {
    /** By secret: how often it was written. */
    secrets: metrics.counter({
      name: 'osm_proxyless_secret_count',
      help: 'Certificates and roots written for the application',
      labels: ['secret'],
    }),
  };
}
