import { typeUrls } from '@osm/proto-envoy/discovery';
import type { SecureContext } from 'node:tls';
import { openConnection, type Connection } from './connection.ts';
import type { Content, ContentCache } from './contents.ts';
import type { ProxyIdentity, Traffic } from './messages.ts';
import type { Names } from './names.ts';
import type { RequestEncoder } from './requests.ts';
import { createProxyModel, type ProxyModel, type ProxyResponse } from './warming.ts';
import { readDeltaResponse } from './wire.ts';

/** One fake Envoy: a connection, the configuration it holds, and counters. */
export interface Proxy {
  readonly connect: () => void;
  readonly model: ProxyModel;
  /** Counters since the last call. */
  readonly takeTraffic: () => Traffic;
}

export interface ProxyOptions {
  readonly address: string;
  readonly serverName: string;
  readonly identity: ProxyIdentity;
  readonly credentials: SecureContext | undefined;
  readonly cache: ContentCache;
  readonly names: Names;
  readonly encode: RequestEncoder;
  /** Called after a response was applied and answered. */
  readonly onResponse: (response: ProxyResponse) => void;
  readonly onProblem: (problem: string) => void;
}

const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const noTraffic: Traffic = { bytes: 0, responses: 0, repeatedAssignments: 0 };
const grpcHeaderBytes = 5;
const reconnectAfterMs = 100;

/** A fake Envoy that connects when told, and again after its stream broke, with what it had. */
export function createProxy(options: ProxyOptions): Proxy {
  const model = createProxyModel(options.names);
  const assignments: (Content | undefined)[] = [];
  let traffic = noTraffic;
  let connection: Connection | undefined;

  const onMessage = (message: Buffer): void => {
    const { resources, ...head } = readDeltaResponse(message);
    const response = { ...head, resources: options.cache.read(resources) };
    traffic = {
      bytes: traffic.bytes + message.length + grpcHeaderBytes,
      responses: traffic.responses + 1,
      repeatedAssignments: traffic.repeatedAssignments + countRepeated(assignments, response),
    };
    for (const request of model.receive(response)) connection?.send(options.encode(request));
    options.onResponse(response);
  };

  const connect = (): void => {
    connection = openConnection({
      address: options.address,
      serverName: options.serverName,
      method,
      credentials: options.credentials,
      onMessage,
      onEnd: (problem) => {
        connection = undefined;
        options.onProblem(problem);
        setTimeout(connect, reconnectAfterMs);
      },
    });
    model.open().forEach((request, index) => {
      const node = index === 0 ? options.identity : undefined;
      connection?.send(options.encode(request, node));
    });
  };

  return {
    connect,
    model,
    takeTraffic: () => {
      const taken = traffic;
      traffic = noTraffic;
      return taken;
    },
  };
}

function countRepeated(assignments: (Content | undefined)[], response: ProxyResponse): number {
  if (response.typeUrl !== typeUrls.endpoint) return 0;
  let repeated = 0;
  for (const content of response.resources) {
    if (assignments[content.nameId] === content) repeated += 1;
    assignments[content.nameId] = content;
  }
  return repeated;
}
