// @osm/telemetry: logs and metrics. The only importer of pino and prom-client; names of labels and fields are constants here.
//
//   createLogger(service) ──> structured JSON lines on stdout: level, component, time, message, and fields
//   createMetrics(service) ──> a registry of its own per service; OSM's metric names where OSM has them
//
// Invariants: the text of a log line is constant, what varies is a field; a metric always has the same labels.
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export { createLogThrottle, type LogThrottle } from './log-throttle.ts';
export {
  createMetrics,
  type Counter,
  type Gauge,
  type Histogram,
  type Metrics,
} from './metrics.ts';
