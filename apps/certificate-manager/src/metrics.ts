import type { Counter, Histogram, Metrics } from '@osm/telemetry';

/** The metrics of this service; OSM's names where OSM has them. */
export interface CertificateMetrics {
  readonly issuedCount: Counter;
  readonly issuedSeconds: Histogram;
  readonly refusedCount: Counter<'asker' | 'code'>;
}

export function createCertificateMetrics(metrics: Metrics): CertificateMetrics {
  return {
    issuedCount: metrics.counter({
      name: 'osm_cert_issued_count',
      help: 'Certificates issued',
    }),
    issuedSeconds: metrics.histogram({
      name: 'osm_cert_issued_time',
      help: 'Seconds from a request to its certificate',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    }),
    refusedCount: metrics.counter({
      name: 'osm_cert_refused_count',
      help: 'Requests for a certificate that were refused, by who asked and code',
      labels: ['asker', 'code'],
    }),
  };
}
