import type { Counter, Gauge, Metrics } from '@osm/telemetry';

/** The metrics of one connection to the bus. */
export interface BusMetrics {
  readonly connected: Gauge;
  readonly reconnects: Counter;
  readonly synced: Gauge<'bucket'>;
  readonly heard: Gauge<'bucket'>;
  readonly errors: Counter<'code'>;
  readonly foreignWrites: Counter<'bucket'>;
  readonly resyncs: Counter<'bucket' | 'reason'>;
  readonly writes: Counter<'bucket'>;
  readonly undecodable: Counter<'bucket'>;
  readonly rejectedRequests: Counter<'subject' | 'reason'>;
}

export function createBusMetrics(metrics: Metrics): BusMetrics {
  return {
    connected: metrics.gauge({
      name: 'osm_bus_connected',
      help: '1 while connected to the bus, else 0',
    }),
    reconnects: metrics.counter({
      name: 'osm_bus_reconnects_total',
      help: 'Connections to the bus after the first one',
    }),
    synced: metrics.gauge({
      name: 'osm_bus_synced',
      help: '1 while memory follows the bucket; 0 while it is away or silent, being compared, or held back until its owner confirms it',
      labels: ['bucket'],
    }),
    heard: metrics.gauge({
      name: 'osm_bus_heard_timestamp_seconds',
      help: 'When the bucket last gave a sign of life; the server is asked every 5 s',
      labels: ['bucket'],
    }),
    errors: metrics.counter({
      name: 'osm_bus_errors_total',
      help: 'Failed operations on the bus, by error code',
      labels: ['code'],
    }),
    foreignWrites: metrics.counter({
      name: 'osm_bus_foreign_writes_total',
      help: 'Changes of a bucket that its owner did not make, and put right',
      labels: ['bucket'],
    }),
    resyncs: metrics.counter({
      name: 'osm_bus_watch_resyncs_total',
      help: 'Times a bucket was compared with memory again: first, resumed, changed, broken',
      labels: ['bucket', 'reason'],
    }),
    writes: metrics.counter({
      name: 'osm_bus_writes_total',
      help: 'Puts and deletions sent to a bucket by its owner',
      labels: ['bucket'],
    }),
    undecodable: metrics.counter({
      name: 'osm_bus_undecodable_total',
      help: 'Values left out because they could not be decoded',
      labels: ['bucket'],
    }),
    rejectedRequests: metrics.counter({
      name: 'osm_bus_rejected_requests_total',
      help: 'Requests that got no answer: undecodable, overloaded, failed',
      labels: ['subject', 'reason'],
    }),
  };
}

/** What the server does not let this connection do. In a mesh that is set up right it stays 0. */
export function createRefusedCounter(metrics: Metrics): Counter<'operation'> {
  return metrics.counter({
    name: 'osm_bus_refused_total',
    help: 'What the bus did not let this service do (connect, publish, subscription, connection), and what came as a request and is none',
    labels: ['operation'],
  });
}
