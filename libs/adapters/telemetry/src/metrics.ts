import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** A registry and the three kinds of metric the project uses. A metric always has the same labels. */
export interface Metrics {
  readonly counter: <L extends string = never>(options: MetricOptions<L>) => Counter<L>;
  readonly gauge: <L extends string = never>(options: MetricOptions<L>) => Gauge<L>;
  readonly histogram: <L extends string = never>(
    options: MetricOptions<L> & { readonly buckets: readonly number[] },
  ) => Histogram<L>;
  /** Prometheus text format, and its content type. */
  readonly render: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

/** A registry of metrics: empty, or with those of the Node process. */
export function createMetrics(options?: { readonly process?: boolean }): Metrics {
  const registry = new Registry();
  if (options?.process ?? false) collectDefaultMetrics({ register: registry });
  const base = <L extends string>(metric: MetricOptions<L>) => ({
    name: metric.name,
    help: metric.help,
    labelNames: metric.labels ?? [],
    registers: [registry],
  });
  return {
    counter: (metric) => new Counter(base(metric)),
    gauge: (metric) => new Gauge(base(metric)),
    histogram: (metric) => new Histogram({ ...base(metric), buckets: [...metric.buckets] }),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
