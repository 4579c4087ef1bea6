import { buckets, type Bus, type OwnedTable } from '@osm/bus';
import { createMemoryBus, silentLogger, type MemoryBusHub } from '@osm/bus/testing';
import type { Identity } from '@osm/model';
import type { Clock } from '@osm/prelude';
import type { Bundle, ProxyAssignment, TrustBundle } from '@osm/proto-mesh';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  typeUrls,
  type ResourceType,
} from '@osm/proto-envoy/discovery';
import { openCall, type TestCall } from '@osm/rpc/testing';
import { createReadiness, systemClock, type Readiness } from '@osm/runtime';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { runXdsServer } from '../src/service.ts';
import { createTestAuthority, trustDomain, type TestAuthority } from './test-authority.ts';

export interface TestServerOptions {
  readonly certValidityMs?: number;
  readonly clock?: Clock;
}

/** The service on a loopback port, with a bus in memory and the services around it played by the test. */
export interface TestServer {
  readonly hub: MemoryBusHub;
  readonly authority: TestAuthority;
  readonly compiled: OwnedTable<Bundle>;
  readonly workloads: OwnedTable<ProxyAssignment>;
  readonly trust: OwnedTable<TrustBundle>;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly port: number;
  readonly connect: (
    proxy: TestProxy,
  ) => Promise<TestCall<DeltaRequestParts, DeltaDiscoveryResponse>>;
  readonly stop: () => Promise<void>;
}

export interface TestProxy {
  readonly uuid: string;
  readonly identity: Identity;
}

export type DeltaRequestParts = Parameters<typeof DeltaDiscoveryRequest.fromPartial>[0];

/** Starts the service; returns once it accepts streams. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const hub = createMemoryBus();
  const authority = await createTestAuthority();
  const others = hub.connect();
  const abort = new AbortController();
  authority.respondOn(others, abort.signal);
  const trust = others.own(buckets.trust);
  trust.set('bundle', authority.bundle);
  trust.complete();
  const bus = hub.connect({ service: 'xds-server' });
  const metrics = createMetrics();
  const readiness = createReadiness();
  let isListening: (port: number) => void;
  const listening = new Promise<number>((resolve) => (isListening = resolve));
  const running = runXdsServer(
    {
      config: {
        xdsPort: 0,
        xdsHost: '127.0.0.1',
        certValidity: options.certValidityMs ?? 3_600_000,
        natsUrl: '',
        natsCredentials: '',
        natsCa: '',
        natsPlaintext: false,
        natsReplicas: '1' as const,
      },
      log: silentLogger,
      metrics,
      readiness,
      instance: 'test',
      signal: abort.signal,
    } as Parameters<typeof runXdsServer>[0],
    {
      bus,
      clock: options.clock ?? systemClock,
      random: { next: () => 0.5 },
      onListening: (port) => isListening(port),
    },
  );
  const port = await Promise.race([listening, running.then(() => 0)]);
  return {
    hub,
    authority,
    compiled: others.own(buckets.compiled),
    workloads: others.own(buckets.workloads),
    trust,
    metrics,
    readiness,
    port,
    connect: (proxy) => connect(port, authority, proxy),
    stop: async () => {
      abort.abort();
      await running;
      await closeAll([bus, others]);
    },
  };
}

async function closeAll(buses: readonly Bus[]): Promise<void> {
  await Promise.all(buses.map((bus) => bus.close()));
}

async function connect(port: number, authority: TestAuthority, proxy: TestProxy) {
  return openCall<DeltaRequestParts, DeltaDiscoveryResponse>({
    port,
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    encode: (request) =>
      DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(request)).finish(),
    decode: (bytes) => DeltaDiscoveryResponse.decode(bytes),
    rootsPem: authority.bundle.rootsPem.join('\n'),
    identity: await authority.issue({ kind: 'proxy', ...proxy }),
    serverName: `ads.${trustDomain}`,
  });
}

/** A request for a type; the first one of a stream carries the node. */
export function ask(
  type: ResourceType,
  names: readonly string[] = [],
  nodeId?: string,
): DeltaRequestParts {
  return {
    typeUrl: typeUrls[type],
    resourceNamesSubscribe: [...names],
    ...(nodeId === undefined ? {} : { node: { id: nodeId } }),
  };
}

/** An acknowledgement of a response. */
export function ack(response: DeltaDiscoveryResponse): DeltaRequestParts {
  return { typeUrl: response.typeUrl, responseNonce: response.nonce };
}

/** A bundle whose resources have a text for a body, which is their version too. */
export function bundle(
  resources: readonly (readonly [ResourceType, name: string, content: string])[],
  includes: readonly string[] = [],
): Bundle {
  return {
    resources: resources.map(([type, name, content]) => ({
      typeUrl: typeUrls[type],
      name,
      version: content,
      body: Buffer.from(content),
    })),
    includes: [...includes],
  };
}

/** `name=version` of the resources of a response, and `-name` of what it removes. */
export function contentOf(response: DeltaDiscoveryResponse): string[] {
  return [
    ...response.resources.map(({ name, version }) => `${name}=${version}`),
    ...response.removedResources.map((name) => `-${name}`),
  ];
}
