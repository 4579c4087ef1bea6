import type { Counter, Gauge, Histogram, Metrics } from '@osm/telemetry';

/** The metrics of this service. */
export interface CompilerMetrics {
  readonly compileSeconds: Histogram;
  readonly encoded: Counter<'unit'>;
  readonly bundles: Gauge<'unit'>;
  readonly keptBack: Gauge;
  readonly proxies: Gauge;
  readonly diagnostics: Gauge<'severity'>;
  readonly catalogEpochs: Counter;
  readonly leading: Gauge;
}

/** Registers the metrics. */
export function createCompilerMetrics(metrics: Metrics): CompilerMetrics {
  return {
    compileSeconds: metrics.histogram({
      name: 'osm_compiler_compile_seconds',
      help: 'Time from a batch of catalog changes to the bundles that differ',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    encoded: metrics.counter({
      name: 'osm_compiler_resources_encoded_total',
      help: 'Envoy resources that had to be encoded, by kind of unit',
      labels: ['unit'],
    }),
    bundles: metrics.gauge({
      name: 'osm_compiler_bundles',
      help: 'Bundles that are published, by kind of unit',
      labels: ['unit'],
    }),
    keptBack: metrics.gauge({
      name: 'osm_compiler_bundles_kept_back',
      help: 'Units whose new configuration failed the check before publishing',
    }),
    proxies: metrics.gauge({
      name: 'osm_compiler_proxies',
      help: 'Proxies that have a bundle assigned',
    }),
    diagnostics: metrics.gauge({
      name: 'osm_compiler_diagnostics',
      help: 'Diagnostics in force that this service found',
      labels: ['severity'],
    }),
    catalogEpochs: metrics.counter({
      name: 'osm_compiler_catalog_epochs_total',
      help: 'Times the catalog was complete; the log names the epoch',
    }),
    leading: metrics.gauge({
      name: 'osm_compiler_leading',
      help: '1 while this replica writes what it compiles',
    }),
  };
}
