import type { Logger } from '@osm/telemetry';
import { typeUrlOf, type ResourceType, type StreamOutput } from '@osm/xds';
import type { XdsMetrics } from './metrics.ts';
import { typeLabel } from './type-label.ts';

/** Whom an output belongs to, for people. */
export interface ObservedProxy {
  readonly uuid: string;
  readonly pod: string;
}

/** Counts and logs what the streams do. */
export interface Observer {
  readonly output: (proxy: ObservedProxy, output: StreamOutput) => void;
  /** Runs a fan-out: what it sends counts from the moment it began. */
  readonly change: (run: () => void) => void;
}

interface ObserverOptions {
  readonly log: Logger;
  readonly metrics: XdsMetrics;
}

export function createObserver({ log, metrics }: ObserverOptions): Observer {
  let changeStartMs: number | undefined;
  const label = (type: ResourceType): string => typeLabel(typeUrlOf(type));
  const update = (type: ResourceType, success: boolean): void => {
    if (changeStartMs === undefined) return;
    const seconds = (performance.now() - changeStartMs) / 1000;
    metrics.updateSeconds.observe({ resource_type: label(type), success: `${success}` }, seconds);
  };
  return {
    output: (proxy, output) => {
      switch (output.kind) {
        case 'send': {
          const { type, bytes } = output.response;
          metrics.sent.inc({ type: label(type) });
          metrics.sentBytes.inc({ type: label(type) }, bytes.length);
          update(type, true);
          break;
        }
        case 'refused': {
          const { content, message } = output;
          const names = [...content.records.map((record) => record.name), ...content.removed];
          metrics.refused.inc({ type: label(content.type) });
          log.warn('a proxy refused a response', {
            uuid: proxy.uuid,
            pod: proxy.pod,
            type: label(content.type),
            resources: names.slice(0, 20),
            count: names.length,
            explanation: message,
          });
          break;
        }
        case 'quarantined': {
          const { type, name, version, message } = output.rejection;
          metrics.quarantined.inc({ type: label(type) });
          log.error('a resource is kept back from a proxy until it changes', {
            uuid: proxy.uuid,
            pod: proxy.pod,
            type: label(type),
            resource: name,
            version,
            explanation: message,
          });
          break;
        }
        case 'violation':
          log.warn('a stream was ended', {
            uuid: proxy.uuid,
            pod: proxy.pod,
            explanation: output.message,
          });
          break;
        case 'acknowledged':
        case 'released':
        case 'send-nothing':
          break;
      }
    },
    change: (run) => {
      changeStartMs = performance.now();
      run();
      changeStartMs = undefined;
    },
  };
}
