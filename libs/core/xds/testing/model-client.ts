import { DeltaDiscoveryResponse } from '@osm/proto-envoy/discovery';
import {
  resourceTypeOf,
  resourceTypes,
  typeUrlOf,
  type ResourceType,
} from '../src/resource-types.ts';
import type { DeltaRequest } from '../src/stream-state.ts';
import { decodeBody, type ModelBody } from './model-mesh.ts';

/** What the client has of a resource. */
export interface Held {
  readonly version: string;
  readonly body: ModelBody;
}

export type Holdings = Record<ResourceType, Map<string, Held>>;

/**
 * A delta client that behaves as Envoy: wildcards for clusters and listeners, endpoints and routes by name as clusters and
 * listeners name them, a response that contains something malformed is refused as a whole. It records what it sees go wrong.
 */
export interface ModelClient {
  readonly holdings: Holdings;
  /** Things that must never be seen: a route without its cluster, a cluster served cold, removed resources unasked. */
  readonly violations: readonly string[];
  /** Requests of a new stream; after a reconnect with what it holds. */
  readonly connect: () => readonly DeltaRequest[];
  /** The requests that a response causes, the acknowledgement last. */
  readonly receive: (bytes: Uint8Array) => readonly DeltaRequest[];
  /** Versions that are malformed. */
  readonly poison: Set<string>;
  /** Clusters that wait for their endpoints since they changed. */
  readonly warming: ReadonlySet<string>;
  /** Responses that brought nothing that was not held already. */
  readonly wasted: () => number;
  readonly received: () => number;
}

export function createModelClient(): ModelClient {
  const holdings = Object.fromEntries(resourceTypes.map((t) => [t, new Map()])) as Holdings;
  const subscribed: Record<'endpoint' | 'route', Set<string>> = {
    endpoint: new Set(),
    route: new Set(),
  };
  const violations: string[] = [];
  const warming = new Set<string>();
  const poison = new Set<string>();
  let wasted = 0;
  let received = 0;
  let isFirstListener = true;
  const everAsked = { endpoint: new Set<string>(), route: new Set<string>() };

  const request = (type: ResourceType, parts: Partial<DeltaRequest>): DeltaRequest => ({
    typeUrl: typeUrlOf(type),
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    errorDetail: undefined,
    ...parts,
  });

  /** Makes the subscription equal to what clusters and listeners name. */
  const follow = (type: 'endpoint' | 'route', wanted: ReadonlySet<string>): DeltaRequest[] => {
    const add = [...wanted].filter((name) => !subscribed[type].has(name));
    const drop = [...subscribed[type]].filter((name) => !wanted.has(name));
    if (add.length + drop.length === 0) return [];
    for (const name of add) {
      subscribed[type].add(name);
      everAsked[type].add(name);
    }
    for (const name of drop) {
      subscribed[type].delete(name);
      holdings[type].delete(name);
    }
    return [request(type, { resourceNamesSubscribe: add, resourceNamesUnsubscribe: drop })];
  };

  const followAll = (): DeltaRequest[] => [
    ...follow('endpoint', new Set(holdings.cluster.keys())),
    ...follow('route', new Set([...holdings.listener.values()].flatMap(({ body }) => body.names))),
  ];

  const versions = (type: ResourceType): Record<string, string> =>
    Object.fromEntries([...holdings[type]].map(([name, held]) => [name, held.version]));

  const check = (): void => {
    for (const [name, { body }] of holdings.route)
      for (const cluster of body.names)
        if (!holdings.cluster.has(cluster) || !holdings.endpoint.has(cluster))
          violations.push(`route ${name} names ${cluster}, which is not there`);
  };

  const accept = (type: ResourceType, response: DeltaDiscoveryResponse): void => {
    let news = response.removedResources.filter((name) => holdings[type].has(name)).length;
    for (const { name, version, resource } of response.resources) {
      if ((type === 'endpoint' || type === 'route') && !everAsked[type].has(name))
        violations.push(`${type} ${name} came unasked`);
      const before = holdings[type].get(name);
      if (before?.version !== version) news++;
      if (type === 'cluster' && before !== undefined && before.version !== version)
        warming.add(name);
      if (type === 'endpoint' && warming.delete(name)) news++;
      const body = decodeBody(resource?.value ?? new Uint8Array());
      holdings[type].set(name, { version, body });
    }
    for (const name of response.removedResources) {
      holdings[type].delete(name);
      if (type === 'cluster') warming.delete(name);
    }
    if (news === 0) wasted++;
  };

  return {
    holdings,
    violations,
    poison,
    warming,
    wasted: () => wasted,
    received: () => received,
    connect: () => {
      const again = received > 0;
      const first = [request('cluster', { initialResourceVersions: versions('cluster') })];
      if (!again) return first;
      for (const type of ['endpoint', 'listener', 'route'] as const) {
        const names = type === 'listener' ? [] : [...subscribed[type]];
        if (type !== 'listener' && names.length === 0) continue;
        first.push(
          request(type, {
            resourceNamesSubscribe: names,
            initialResourceVersions: versions(type),
          }),
        );
      }
      isFirstListener = false;
      return first;
    },
    receive: (bytes) => {
      received++;
      const response = DeltaDiscoveryResponse.decode(bytes);
      const type = resourceTypeOf(response.typeUrl);
      if (type === undefined) throw new Error(`unknown type ${response.typeUrl}`);
      const ack = { responseNonce: response.nonce };
      const bad = response.resources.find(({ version }) => poison.has(version));
      const requests: DeltaRequest[] = [];
      if (bad === undefined) {
        accept(type, response);
        requests.push(...followAll());
        check();
        requests.push(request(type, ack));
      } else {
        const errorDetail = { message: `${bad.name} is malformed` };
        requests.push(request(type, { ...ack, errorDetail }));
      }
      // The first answer about clusters, good or bad, is what Envoy waits for before it asks for listeners.
      if (isFirstListener && type === 'cluster') {
        isFirstListener = false;
        requests.push(request('listener', {}));
      }
      return requests;
    },
  };
}
