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

export function recordAds(target: () => string, identity: ProxyIdentity): AdsRecorder {
  const recorded: Recorded[] = [];
  const held = new Map<string, Recorded>();
  const subscribed = new Map<ResourceType, Set<string>>();
  let call: Call | undefined;
  let closed = false;
  let lost = 0;

  const note = (now: Recorded): void => {
    recorded.push(now);
    const key = `${now.type} ${now.name}`;
    if (now.kind === 'put') held.set(key, now);
    else held.delete(key);
  };
  const heldOf = (type: ResourceType): readonly Recorded[] =>
    [...held.values()].filter((each) => each.type === type);

  /** Subscribes to what clusters and listeners refer to. */
  const refer = (type: 'endpoint' | 'route', names: readonly string[]): void => {
    const before = subscribed.get(type) ?? new Set<string>();
    const wanted = new Set(names);
    subscribed.set(type, wanted);
    const subscribe = [...wanted].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !wanted.has(name));
    for (const name of unsubscribe) held.delete(`${type} ${name}`);
    if (subscribe.length + unsubscribe.length === 0) return;
    call?.write({
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: subscribe,
      resourceNamesUnsubscribe: unsubscribe,
    });
  };

  const receive = (response: DeltaDiscoveryResponse): void => {
    const type = types.find((each) => typeUrls[each] === response.typeUrl);
    if (type === undefined) return;
    const at = Date.now();
    for (const { name, version, resource } of response.resources) {
      const body = Buffer.from(resource?.value ?? new Uint8Array());
      note({ at, kind: 'put', type, name, version, body });
    }
    for (const name of response.removedResources)
      note({ at, kind: 'remove', type, name, version: '', body: Buffer.alloc(0) });
    call?.write({ typeUrl: response.typeUrl, responseNonce: response.nonce });
    if (type === 'cluster') refer('endpoint', heldOf('cluster').flatMap(assignmentOf));
    if (type === 'listener') refer('route', heldOf('listener').flatMap(routesOf));
  };

  const open = (): void => {
    const client = new Client(
      target(),
      credentials.createSsl(
        Buffer.from(identity.rootsPem),
        Buffer.from(identity.privateKeyPem),
        Buffer.from(identity.chainPem),
      ),
      {
        'grpc.ssl_target_name_override': 'ads.cluster.local',
        'grpc.use_local_subchannel_pool': 1,
      },
    );
    const mine: Call = client.makeBidiStreamRequest(
      path,
      (parts: Parts) =>
        Buffer.from(
          DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(parts)).finish(),
        ),
      (bytes: Buffer) => DeltaDiscoveryResponse.decode(bytes),
      new Metadata(),
    );
    call = mine;
    mine.on('data', receive);
    mine.on('error', () => undefined); // said by status as well
    mine.once('status', () => {
      client.close();
      if (closed) return;
      lost += 1;
      setTimeout(open, retryMs);
    });
    for (const type of ['cluster', 'endpoint', 'listener', 'route', 'secret'] as const) {
      const names = type === 'secret' ? ['identity', 'trust'] : [...(subscribed.get(type) ?? [])];
      const isWildcard = type === 'cluster' || type === 'listener';
      if (!isWildcard && names.length === 0) continue;
      mine.write({
        ...(type === 'cluster' ? { node: { id: identity.uuid } } : {}),
        typeUrl: typeUrls[type],
        resourceNamesSubscribe: isWildcard ? [] : names,
        initialResourceVersions: Object.fromEntries(
          heldOf(type).map(({ name, version }) => [name, version]),
        ),
      });
    }
  };
  open();

  return {
    recorded,
    holds: () =>
      new Map(
        [...held]
          .filter(([, { type }]) => type !== 'secret')
          .map(([key, { version }]): [string, string] => [key, version])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    streamsLost: () => lost,
    close: () => {
      closed = true;
      call?.cancel();
    },
  };
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
