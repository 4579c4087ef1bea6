import type { Metrics } from '@osm/telemetry';

const nothing = {
  inc: () => undefined,
  dec: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  setToCurrentTime: () => undefined,
  remove: () => undefined,
  reset: () => undefined,
  startTimer: () => () => 0,
};

/** Metrics that cost nothing: ten services are started ten thousand times. */
export const noMetrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
  render: () => Promise.resolve({ contentType: 'text/plain', body: '' }),
} as unknown as Metrics;
