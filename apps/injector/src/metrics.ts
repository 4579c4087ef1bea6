import type { Counter, Histogram, Metrics } from '@osm/telemetry';

/** The metrics of this service; OSM's names. */
export interface InjectorMetrics {
  readonly responses: Counter<'kind' | 'success'>;
  readonly refused: Counter<'reason'>;
  readonly issuedCount: Counter;
  readonly issuedSeconds: Histogram;
}

export function createInjectorMetrics(metrics: Metrics): InjectorMetrics {
  return {
    responses: metrics.counter({
      name: 'osm_admission_webhook_response_total',
      help: 'Answers to admission requests, by kind of object; success = the object was admitted',
      labels: ['kind', 'success'],
    }),
    refused: metrics.counter({
      name: 'osm_admission_webhook_refused_total',
      help: 'Requests to the webhook that were not looked at: overloaded, too-large, connections',
      labels: ['reason'],
    }),
    issuedCount: metrics.counter({
      name: 'osm_cert_issued_count',
      help: 'Certificates obtained for proxies',
    }),
    issuedSeconds: metrics.histogram({
      name: 'osm_cert_issued_time',
      help: 'Seconds from making a key to having its certificate',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
  };
}
