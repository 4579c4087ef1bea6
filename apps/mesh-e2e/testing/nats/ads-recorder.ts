import { Client, credentials, Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import { Cluster, Cluster_DiscoveryType, HttpConnectionManager, Listener } from '@osm/proto-envoy';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  typeUrls,
  type ResourceType,
} from '@osm/proto-envoy/discovery';
import type { ProxyIdentity } from './identities.ts';

/** One thing that the xDS server told the proxy. */
export interface Recorded {
  readonly at: number;
  readonly kind: 'put' | 'remove';
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string;
  readonly body: Buffer;
}

/** A proxy that keeps everything it was ever told. It subscribes and comes back as Envoy does. */
export interface AdsRecorder {
  readonly recorded: readonly Recorded[];
  /** `<type> <name>` -> version of what it has now, certificates left out. */
  readonly holds: () => ReadonlyMap<string, string>;
  /** How often a stream has ended. */
  readonly streamsLost: () => number;
  readonly close: () => void;
}

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const types = Object.keys(typeUrls) as readonly ResourceType[];
const retryMs = 100;

type Parts = Parameters<typeof DeltaDiscoveryRequest.fromPartial>[0];
type Call = ClientDuplexStream<Parts, DeltaDiscoveryResponse>;

/** Opens a stream to one of the servers, and to the next one whenever it ends. */
export function recordAds(targets: readonly string[], identity: ProxyIdentity): AdsRecorder {
  const proxy = new RecordingProxy(targets, identity);
  return {
    recorded: proxy.recorded,
    holds: () => proxy.holds(),
    streamsLost: () => proxy.lost,
    close: () => proxy.close(),
  };
}

class RecordingProxy {
  readonly recorded: Recorded[] = [];
  lost = 0;
  readonly #targets: readonly string[];
  readonly #identity: ProxyIdentity;
  readonly #held = new Map<string, Recorded>();
  readonly #subscribed = new Map<ResourceType, ReadonlySet<string>>();
  #call: Call | undefined;
  #closed = false;

  constructor(targets: readonly string[], identity: ProxyIdentity) {
    this.#targets = targets;
    this.#identity = identity;
    this.#open();
  }

  holds(): ReadonlyMap<string, string> {
    const configuration = [...this.#held].filter(([, { type }]) => type !== 'secret');
    return new Map(
      configuration
        .map(([key, { version }]): [string, string] => [key, version])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  close(): void {
    this.#closed = true;
    this.#call?.cancel();
  }

  #open(): void {
    const { rootsPem, privateKeyPem, chainPem } = this.#identity;
    const pem = [rootsPem, privateKeyPem, chainPem].map((text) => Buffer.from(text));
    const client = new Client(
      this.#targets[this.lost % this.#targets.length] ?? '',
      credentials.createSsl(pem[0] ?? null, pem[1] ?? null, pem[2] ?? null),
      {
        'grpc.ssl_target_name_override': 'ads.cluster.local',
        'grpc.use_local_subchannel_pool': 1,
      },
    );
    const call: Call = client.makeBidiStreamRequest(
      path,
      (parts: Parts) =>
        Buffer.from(
          DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(parts)).finish(),
        ),
      (bytes: Buffer) => DeltaDiscoveryResponse.decode(bytes),
      new Metadata(),
    );
    this.#call = call;
    call.on('data', (response: DeltaDiscoveryResponse) => this.#receive(response));
    call.on('error', () => undefined); // said by status as well
    call.once('status', () => {
      client.close();
      if (this.#closed) return;
      this.lost += 1;
      setTimeout(() => this.#open(), retryMs);
    });
    for (const type of ['cluster', 'endpoint', 'listener', 'route', 'secret'] as const)
      this.#subscribe(call, type);
  }

  /** The first request for a type on a stream: what is wanted, and what is there from before. */
  #subscribe(call: Call, type: ResourceType): void {
    const isWildcard = type === 'cluster' || type === 'listener';
    const names =
      type === 'secret' ? ['identity', 'trust'] : [...(this.#subscribed.get(type) ?? [])];
    if (!isWildcard && names.length === 0) return;
    call.write({
      ...(type === 'cluster' ? { node: { id: this.#identity.uuid } } : {}),
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: isWildcard ? [] : names,
      initialResourceVersions: Object.fromEntries(
        this.#heldOf(type).map(({ name, version }) => [name, version]),
      ),
    });
  }

  #receive(response: DeltaDiscoveryResponse): void {
    const type = types.find((each) => typeUrls[each] === response.typeUrl);
    if (type === undefined) return;
    const at = Date.now();
    for (const { name, version, resource } of response.resources) {
      const body = Buffer.from(resource?.value ?? new Uint8Array());
      this.#note({ at, kind: 'put', type, name, version, body });
    }
    for (const name of response.removedResources)
      this.#note({ at, kind: 'remove', type, name, version: '', body: Buffer.alloc(0) });
    this.#call?.write({ typeUrl: response.typeUrl, responseNonce: response.nonce });
    if (type === 'cluster') this.#refer('endpoint', this.#heldOf('cluster').flatMap(assignmentOf));
    if (type === 'listener') this.#refer('route', this.#heldOf('listener').flatMap(routesOf));
  }

  #note(now: Recorded): void {
    this.recorded.push(now);
    const key = `${now.type} ${now.name}`;
    if (now.kind === 'put') this.#held.set(key, now);
    else this.#held.delete(key);
  }

  #heldOf(type: ResourceType): readonly Recorded[] {
    return [...this.#held.values()].filter((each) => each.type === type);
  }

  /** Subscribes to what clusters and listeners refer to. */
  #refer(type: 'endpoint' | 'route', names: readonly string[]): void {
    const before = this.#subscribed.get(type) ?? new Set<string>();
    const wanted = new Set(names);
    this.#subscribed.set(type, wanted);
    const subscribe = [...wanted].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !wanted.has(name));
    for (const name of unsubscribe) this.#held.delete(`${type} ${name}`);
    if (subscribe.length + unsubscribe.length === 0) return;
    this.#call?.write({
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: subscribe,
      resourceNamesUnsubscribe: unsubscribe,
    });
  }
}

function assignmentOf({ body }: Recorded): readonly string[] {
  const { name, clusterDiscoveryType, edsClusterConfig } = Cluster.decode(body);
  const isEds =
    clusterDiscoveryType?.$case === 'type' &&
    clusterDiscoveryType.value === Cluster_DiscoveryType.EDS;
  return isEds ? [edsClusterConfig?.serviceName || name] : [];
}

function routesOf({ body }: Recorded): readonly string[] {
  return Listener.decode(body).filterChains.flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      if (configType?.$case !== 'typedConfig') return [];
      const { typeUrl, value } = configType.value;
      if (!typeUrl.endsWith('.HttpConnectionManager')) return [];
      const { routeSpecifier } = HttpConnectionManager.decode(value);
      return routeSpecifier?.$case === 'rds' ? [routeSpecifier.value.routeConfigName] : [];
    }),
  );
}
