import type { Logger, Metrics } from '@osm/telemetry';
import type { Bus } from './bus.ts';
import { createBusMetrics } from './bus-metrics.ts';
import { holdLease } from './lease.ts';
import type { Link } from './link.ts';
import { answerRequests, sendRequest } from './requests.ts';
import { createTableOwner } from './table-owner.ts';
import { watchTable } from './table-watch.ts';
import { systemTiming, type Timing } from './timing.ts';

interface BusOptions {
  readonly link: Link;
  /** Who this is, for those who are asked. */
  readonly service: string;
  /** Unique among instances; names the writer of an epoch. */
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The machine's unless a simulation has its own. */
  readonly timing?: Timing;
}

/** The bus over any link: everything above the wire, the same for NATS and for tests. Closing it ends every loop it started. */
export function createBusOver(options: BusOptions): Bus {
  const { link, log, timing = systemTiming } = options;
  const metrics = createBusMetrics(options.metrics);
  const tools = { link, log, metrics, timing, writer: options.instance, service: options.service };
  const closing = new AbortController();
  const until = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal]);
  const opened = new Set<() => Promise<void>>();
  const onOpen = (close: () => Promise<void>): (() => void) => {
    opened.add(close);
    return () => opened.delete(close);
  };
  metrics.connected.set(link.connected() ? 1 : 0);
  let connections = link.connected() ? 1 : 0;
  link.onConnected((connected) => {
    metrics.connected.set(connected ? 1 : 0);
    if (connected && (connections += 1) > 1) metrics.reconnects.inc();
  });
  return {
    connected: link.connected,
    onConnected: link.onConnected,
    watch: (bucket, { signal }) => watchTable(tools, bucket, { signal: until(signal) }),
    own: (bucket) => {
      const table = createTableOwner(tools, bucket);
      const forget = onOpen(table.close);
      return {
        ...table,
        close: () => {
          forget();
          return table.close();
        },
      };
    },
    request: (subject, request, { timeoutMs } = {}) =>
      sendRequest(tools, subject, request, timeoutMs),
    respond: (subject, handle, { signal }) =>
      answerRequests(tools, subject, handle, { signal: until(signal) }),
    lease: (lease) => holdLease({ ...tools, onOpen }, { ...lease, signal: until(lease.signal) }),
    close: async () => {
      closing.abort();
      await Promise.all([...opened].map((close) => close()));
      await link.close();
    },
  };
}
