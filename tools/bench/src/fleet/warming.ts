import { typeUrls } from '@osm/proto-envoy/discovery';
import type { Content, References } from './contents.ts';
import type { Names } from './names.ts';
import { createSubscription, type Subscription } from './subscription.ts';

/** A delta request of a proxy. `initialVersions` is set on the first request of a type on a stream only. */
export interface ProxyRequest {
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly nonce: string | undefined;
  readonly initialVersions: Readonly<Record<string, string>> | undefined;
}

/** A delta response, its resources decoded. */
export interface ProxyResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly Content[];
  readonly removed: readonly string[];
}

/** One proxy's configuration, and what it asks for next. */
export interface ProxyModel {
  /** A stream was opened: the requests that begin it, with what is known from before. */
  readonly open: () => readonly ProxyRequest[];
  /** A response arrived: its ACK first, then the subscriptions that follow from it. */
  readonly receive: (response: ProxyResponse) => readonly ProxyRequest[];
  /** All clusters warm, all routes of all listeners there, all secrets there. */
  readonly complete: () => boolean;
  /** What is missing, for people. */
  readonly missing: () => readonly string[];
}

const { cluster, endpoint, listener, route, secret } = typeUrls;

/** Types whose resources are asked for by name because another resource refers to them, in Envoy's order. */
type Referred = Readonly<Record<'assignments' | 'secrets' | 'routes', Subscription>>;

interface ProxyState {
  /** All clusters and all listeners, by type and number of the name. */
  readonly wildcard: ReadonlyMap<string, (Content | undefined)[]>;
  readonly referred: Referred;
  readonly byType: ReadonlyMap<string, Subscription>;
  /** Wildcard types that were answered at least once, be it with nothing. */
  readonly answered: Set<string>;
  /** EDS names whose cluster waits for them to arrive (again). */
  readonly warming: Set<number>;
  readonly names: Names;
}

/**
 * Imitates Envoy: clusters come first, then their assignments and secrets; listeners are asked for once the first clusters
 * are warm, then routes. A cluster that was added or changed is warm only when its ClusterLoadAssignment arrives after it,
 * even when that is unchanged.
 */
export function createProxyModel(names: Names): ProxyModel {
  const state = createState(names);
  const { answered, byType, referred, warming, wildcard } = state;
  let asksListeners = false;
  const clustersWarm = (): boolean =>
    answered.has(cluster) &&
    warming.size === 0 &&
    referred.assignments.missingCount() === 0 &&
    referred.secrets.missingCount() === 0;
  return {
    open: () => openRequests(state, asksListeners),
    receive: (response) => {
      const subscription = byType.get(response.typeUrl);
      if (wildcard.has(response.typeUrl)) applyWildcard(state, response);
      if (subscription !== undefined) applyReferred(state, subscription, response);
      const requests: ProxyRequest[] = [
        { ...requestOf(response.typeUrl), nonce: response.nonce },
        ...follow(state),
      ];
      if (!asksListeners && clustersWarm()) {
        asksListeners = true;
        requests.push({ ...requestOf(listener), initialVersions: {} });
      }
      return requests;
    },
    complete: () =>
      answered.has(listener) && clustersWarm() && referred.routes.missingCount() === 0,
    missing: () => [
      ...[...wildcard.keys()].filter((typeUrl) => !answered.has(typeUrl)),
      ...[...byType].flatMap(([typeUrl, { missing }]) =>
        missing().map((name) => `${typeUrl} ${names.nameOf(name)}`),
      ),
      ...[...warming].map((name) => `warming ${names.nameOf(name)}`),
    ],
  };
}

function createState(names: Names): ProxyState {
  const referred: Referred = {
    assignments: createSubscription(),
    secrets: createSubscription(),
    routes: createSubscription(),
  };
  return {
    wildcard: new Map<string, (Content | undefined)[]>([
      [cluster, []],
      [listener, []],
    ]),
    names,
    referred,
    byType: new Map<string, Subscription>([
      [endpoint, referred.assignments],
      [secret, referred.secrets],
      [route, referred.routes],
    ]),
    answered: new Set(),
    warming: new Set(),
  };
}

function openRequests(state: ProxyState, asksListeners: boolean): readonly ProxyRequest[] {
  const wildcard = [...state.wildcard].map(([typeUrl, contents]) => ({
    typeUrl,
    wanted: [],
    held: contents.filter((content) => content !== undefined),
  }));
  const byName = [...state.byType].map(([typeUrl, subscription]) => {
    subscription.takeChanges();
    return { typeUrl, wanted: subscription.wanted(), held: subscription.held() };
  });
  return [...wildcard, ...byName]
    .filter(({ typeUrl, wanted }) => {
      if (typeUrl === cluster) return true;
      return typeUrl === listener ? asksListeners : wanted.length > 0;
    })
    .map(({ typeUrl, wanted, held }) => ({
      ...requestOf(typeUrl),
      subscribe: wanted.map(state.names.nameOf),
      initialVersions: Object.fromEntries(held.map(({ name, version }) => [name, version])),
    }));
}

function applyWildcard(state: ProxyState, response: ProxyResponse): void {
  const contents = state.wildcard.get(response.typeUrl) ?? [];
  for (const content of response.resources) {
    const before = contents[content.nameId];
    if (before === content) continue;
    refer(state.referred, content.references);
    if (before !== undefined) unrefer(state.referred, before.references);
    const { assignment } = content.references;
    if (assignment !== undefined) state.warming.add(assignment);
    contents[content.nameId] = content;
  }
  for (const name of response.removed) {
    const id = state.names.idOf(name);
    const before = contents[id];
    if (before === undefined) continue;
    unrefer(state.referred, before.references);
    const { assignment } = before.references;
    if (assignment !== undefined) state.warming.delete(assignment);
    contents[id] = undefined;
  }
  state.answered.add(response.typeUrl);
}

function applyReferred(
  state: ProxyState,
  subscription: Subscription,
  response: ProxyResponse,
): void {
  for (const content of response.resources) {
    subscription.put(content);
    if (response.typeUrl === endpoint) state.warming.delete(content.nameId);
  }
  for (const name of response.removed) subscription.drop(state.names.idOf(name));
}

function refer(referred: Referred, references: References<number>): void {
  if (references.assignment !== undefined) referred.assignments.refer(references.assignment);
  for (const name of references.secrets) referred.secrets.refer(name);
  for (const name of references.routes) referred.routes.refer(name);
}

function unrefer(referred: Referred, references: References<number>): void {
  if (references.assignment !== undefined) referred.assignments.unrefer(references.assignment);
  for (const name of references.secrets) referred.secrets.unrefer(name);
  for (const name of references.routes) referred.routes.unrefer(name);
}

function follow({ byType, names }: ProxyState): ProxyRequest[] {
  return [...byType].flatMap(([typeUrl, subscription]) => {
    const { subscribe, unsubscribe } = subscription.takeChanges();
    if (subscribe.length + unsubscribe.length === 0) return [];
    return [
      {
        ...requestOf(typeUrl),
        subscribe: subscribe.map(names.nameOf),
        unsubscribe: unsubscribe.map(names.nameOf),
      },
    ];
  });
}

function requestOf(typeUrl: string): ProxyRequest {
  return { typeUrl, subscribe: [], unsubscribe: [], nonce: undefined, initialVersions: undefined };
}
