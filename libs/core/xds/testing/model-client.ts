import { DeltaDiscoveryResponse, DiscoveryResponse } from '@osm/proto-envoy/discovery';
import {
  resourceTypeOf,
  resourceTypes,
  typeUrlOf,
  type ResourceType,
} from '../src/resource-types.ts';
import type { DeltaRequest, Protocol, SotwRequest } from '../src/stream-state.ts';
import { decodeBody, malformedContent, type ModelBody } from './model-mesh.ts';

/** What the client has of a resource. */
export interface Held {
  readonly version: string;
  readonly body: ModelBody;
}

export type Holdings = Record<ResourceType, Map<string, Held>>;

/** How a client speaks, and what it asks for. */
export interface ClientKind {
  readonly protocol: Protocol;
  /**
   * wildcard: as Envoy, all clusters and listeners, endpoints and routes as these name them. named: as gRPC, some listeners, from
   * these to routes, clusters, endpoints.
   */
  readonly asks: 'wildcard' | 'named';
  /** What a refusal says: names as Envoy, places as grpc-js, or nothing of use. */
  readonly blames: 'name' | 'index' | 'nobody';
}

/** How a sidecar speaks. */
const sidecar: ClientKind = { protocol: 'delta', asks: 'wildcard', blames: 'name' };

/** A request in the client's protocol. */
export type ClientRequest = DeltaRequest | SotwRequest;

/** A client that refuses a response as a whole when something in it is malformed. It records what it sees go wrong. */
export interface ModelClient {
  readonly holdings: Holdings;
  /** Things that must never be seen: a route without its cluster, resources unasked, a cluster taken away that is named. */
  readonly violations: readonly string[];
  /** Requests of a new stream; after a reconnect with what it holds. */
  readonly connect: () => readonly ClientRequest[];
  /** The requests that a response causes, the acknowledgement among them. */
  readonly receive: (bytes: Uint8Array) => readonly ClientRequest[];
  /** named: the listeners that it is interested in from now on. */
  readonly want: (listeners: readonly string[]) => readonly ClientRequest[];
  /** Versions that are malformed, beside all with `malformedContent`. */
  readonly poison: Set<string>;
  /** Clusters that wait for their endpoints since they changed. */
  readonly warming: ReadonlySet<string>;
  /** Responses that brought nothing that was not held already. */
  readonly wasted: () => number;
  readonly received: () => number;
}

/** A response in either protocol. `removed` of a full list are those that are not in it any more. */
interface Received {
  readonly type: ResourceType;
  readonly nonce: string;
  readonly resources: readonly { readonly name: string; readonly held: Held }[];
  readonly removed: readonly string[];
}

type Followed = 'cluster' | 'endpoint' | 'listener' | 'route';
const followed: readonly Followed[] = ['cluster', 'endpoint', 'listener', 'route'];

export function createModelClient(kind: ClientKind = sidecar): ModelClient {
  const { protocol, asks } = kind;
  const holdings = Object.fromEntries(resourceTypes.map((t) => [t, new Map()])) as Holdings;
  const none = (): Record<Followed, Set<string>> => ({
    cluster: new Set(),
    endpoint: new Set(),
    listener: new Set(),
    route: new Set(),
  });
  const subscribed = none();
  const everAsked = none();
  let interest: readonly string[] = [];
  let nonces: Partial<Record<ResourceType, string>> = {};
  const violations: string[] = [];
  const warming = new Set<string>();
  const poison = new Set<string>();
  let wasted = 0;
  let received = 0;
  let isFirstListener = true;

  const isWildcard = (type: ResourceType): boolean =>
    asks === 'wildcard' && (type === 'cluster' || type === 'listener');
  const named = (type: ResourceType): Set<string> =>
    new Set([...holdings[type].values()].flatMap(({ body }) => body.names));
  const wanted = (type: Followed): Set<string> => {
    switch (type) {
      case 'listener':
        return new Set(interest);
      case 'route':
        return named('listener');
      case 'cluster':
        return asks === 'named' ? named('route') : new Set();
      case 'endpoint':
        return new Set(holdings.cluster.keys());
    }
  };

  const delta = (type: ResourceType, parts: Partial<DeltaRequest>): DeltaRequest => ({
    typeUrl: typeUrlOf(type),
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    errorDetail: undefined,
    ...parts,
  });
  const list = (type: ResourceType, errorDetail?: SotwRequest['errorDetail']): SotwRequest => ({
    typeUrl: typeUrlOf(type),
    resourceNames: type === 'secret' ? [] : [...subscribed[type]].sort(),
    responseNonce: nonces[type] ?? '',
    errorDetail,
  });

  /** Makes a subscription equal to what the resources held name. */
  const follow = (type: Followed): ClientRequest[] => {
    if (isWildcard(type)) return [];
    const names = wanted(type);
    const add = [...names].filter((name) => !subscribed[type].has(name));
    const drop = [...subscribed[type]].filter((name) => !names.has(name));
    if (add.length + drop.length === 0) return [];
    subscribed[type] = names;
    for (const name of add) everAsked[type].add(name);
    for (const name of drop) {
      holdings[type].delete(name);
      if (type === 'cluster') warming.delete(name);
    }
    return protocol === 'delta'
      ? [delta(type, { resourceNamesSubscribe: add, resourceNamesUnsubscribe: drop })]
      : [list(type)];
  };
  const followAll = (): ClientRequest[] => {
    const requests: ClientRequest[] = [];
    // What one type names may be held already: until nothing changes any more.
    for (;;) {
      const more = (['listener', 'route', 'cluster', 'endpoint'] as const).flatMap(follow);
      if (more.length === 0) return requests;
      requests.push(...more);
    }
  };

  const answer = (response: Received, explanation: string | undefined): ClientRequest => {
    const errorDetail = explanation === undefined ? undefined : { message: explanation };
    return protocol === 'delta'
      ? delta(response.type, { responseNonce: response.nonce, errorDetail })
      : list(response.type, errorDetail);
  };

  const check = (removed: readonly string[]): void => {
    for (const [name, { body }] of holdings.route)
      for (const cluster of body.names) {
        const isMissing = !holdings.cluster.has(cluster) || !holdings.endpoint.has(cluster);
        if (asks === 'wildcard' && isMissing)
          violations.push(`route ${name} names ${cluster}, which is not there`);
        if (removed.includes(cluster))
          violations.push(`${cluster} was taken away while route ${name} names it`);
      }
  };

  const accept = ({ type, resources, removed }: Received): void => {
    let news = removed.filter((name) => holdings[type].has(name)).length;
    for (const { name, held } of resources) {
      if (type !== 'secret' && !isWildcard(type) && !everAsked[type].has(name))
        violations.push(`${type} ${name} came unasked`);
      // Sent before the server knew that it is not wanted any more.
      if (type !== 'secret' && !isWildcard(type) && !subscribed[type].has(name)) continue;
      const before = holdings[type].get(name);
      if (before?.version !== held.version) news++;
      if (type === 'cluster' && before !== undefined && before.version !== held.version)
        warming.add(name);
      if (type === 'endpoint' && warming.delete(name)) news++;
      holdings[type].set(name, held);
    }
    for (const name of removed) {
      holdings[type].delete(name);
      if (type === 'cluster') warming.delete(name);
    }
    if (news === 0) wasted++;
  };

  const explain = ({ resources }: Received, bad: Received['resources'][number]): string => {
    switch (kind.blames) {
      case 'name':
        return `${bad.name} is malformed`;
      case 'index':
        return `xDS response validation errors: [resource index ${resources.indexOf(bad)}: malformed]`;
      case 'nobody':
        return 'malformed';
    }
  };

  const decode = (bytes: Uint8Array): Received => {
    const response =
      protocol === 'delta' ? DeltaDiscoveryResponse.decode(bytes) : DiscoveryResponse.decode(bytes);
    const type = resourceTypeOf(response.typeUrl);
    if (type === undefined) throw new Error(`unknown type ${response.typeUrl}`);
    const bodies =
      'removedResources' in response
        ? response.resources.map(({ resource }) => resource?.value ?? new Uint8Array())
        : response.resources.map(({ value }) => value);
    const resources = bodies.map(decodeBody).map((body) => ({
      name: body.name,
      held: { version: body.version, body },
    }));
    const names = new Set(resources.map(({ name }) => name));
    const isFull = protocol === 'sotw' && (type === 'cluster' || type === 'listener');
    const removed =
      'removedResources' in response
        ? response.removedResources
        : isFull
          ? [...holdings[type].keys()].filter((name) => !names.has(name))
          : [];
    return { type, nonce: response.nonce, resources, removed };
  };

  const versions = (type: ResourceType): Record<string, string> =>
    Object.fromEntries([...holdings[type]].map(([name, held]) => [name, held.version]));
  const first = (type: Followed): ClientRequest =>
    protocol === 'sotw'
      ? list(type)
      : delta(type, {
          resourceNamesSubscribe: [...subscribed[type]],
          initialResourceVersions: versions(type),
        });

  return {
    holdings,
    violations,
    poison,
    warming,
    wasted: () => wasted,
    received: () => received,
    connect: () => {
      nonces = {};
      if (asks === 'wildcard' && received === 0) return [first('cluster')];
      isFirstListener = false;
      return followed
        .filter((type) => isWildcard(type) || subscribed[type].size > 0)
        .map((type) => first(type));
    },
    want: (listeners) => {
      interest = asks === 'named' ? listeners : [];
      return followAll();
    },
    receive: (bytes) => {
      received++;
      const response = decode(bytes);
      const { type } = response;
      nonces = { ...nonces, [type]: response.nonce };
      const bad = response.resources.find(
        ({ held }) => poison.has(held.version) || held.body.content === malformedContent,
      );
      const requests: ClientRequest[] = [];
      if (bad === undefined) {
        const removed = type === 'cluster' ? response.removed : [];
        accept(response);
        const followUps = followAll();
        check(removed);
        // In state-of-the-world every request about a type acknowledges its last response.
        requests.push(...followUps, answer(response, undefined));
      } else requests.push(answer(response, explain(response, bad)));
      // The first answer about clusters, good or bad, is what Envoy waits for before it asks for listeners.
      if (asks === 'wildcard' && isFirstListener && type === 'cluster') {
        isFirstListener = false;
        requests.push(first('listener'));
      }
      return requests;
    },
  };
}
