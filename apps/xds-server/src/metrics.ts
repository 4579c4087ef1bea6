import type { Metrics } from '@osm/telemetry';

/**
 * The metrics of this service; OSM's names where OSM has them, with labels by type only: labels with a proxy
 * in them grew with every pod there ever was.
 */
export function createXdsMetrics(metrics: Metrics) {
  return {
    connected: metrics.gauge({
      name: 'osm_proxy_connect_count',
      help: 'Proxies connected',
    }),
    rejected: metrics.counter({
      name: 'osm_proxy_rejected_count',
      help: 'Streams that were not admitted, by reason',
      labels: ['reason'],
    }),
    requests: metrics.counter({
      name: 'osm_proxy_xds_request_count',
      help: 'Discovery requests received, acknowledgements included',
      labels: ['type'],
    }),
    sent: metrics.counter({
      name: 'osm_proxy_response_send_success_count',
      help: 'Discovery responses sent',
      labels: ['type'],
    }),
    sentBytes: metrics.counter({
      name: 'osm_proxy_response_send_bytes',
      help: 'Bytes of discovery responses sent',
      labels: ['type'],
    }),
    refused: metrics.counter({
      name: 'osm_proxy_response_refused_count',
      help: 'Discovery responses that a proxy refused (NACK)',
      labels: ['type'],
    }),
    quarantined: metrics.counter({
      name: 'osm_proxy_resource_quarantined_count',
      help: 'Resources found to be refused by a proxy and kept back from it',
      labels: ['type'],
    }),
    updateSeconds: metrics.histogram({
      name: 'osm_proxy_config_update_time',
      help: 'Seconds from a change seen to its response given to the transport',
      labels: ['resource_type', 'success'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    }),
    bundles: metrics.gauge({
      name: 'osm_xds_bundles',
      help: 'Bundles held',
    }),
    incompleteBundles: metrics.gauge({
      name: 'osm_xds_incomplete_bundles',
      help: 'Bundles that wait for one they include; their last complete content is in force',
    }),
    certificates: metrics.counter({
      name: 'osm_cert_issued_count',
      help: 'Workload certificates obtained',
    }),
    certificateSeconds: metrics.histogram({
      name: 'osm_cert_issued_time',
      help: 'Seconds from the need of a certificate to having it',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    certificateErrors: metrics.counter({
      name: 'osm_cert_issue_error_count',
      help: 'Attempts to obtain a certificate that failed',
    }),
  };
}

export type XdsMetrics = ReturnType<typeof createXdsMetrics>;
