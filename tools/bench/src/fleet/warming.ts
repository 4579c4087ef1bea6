import { typeUrls } from '@osm/proto-envoy/discovery';
import type { Content, References } from './contents.ts';
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
  /** All clusters and all listeners, by type and name. */
  readonly wildcard: ReadonlyMap<string, Map<string, Content>>;
  readonly referred: Referred;
  readonly byType: ReadonlyMap<string, Subscription>;
  /** Wildcard types that were answered at least once, be it with nothing. */
  readonly answered: Set<string>;
  /** EDS names whose cluster waits for them to arrive (again). */
  readonly warming: Set<string>;
}

/**
 * Imitates Envoy: clusters come first, then their assignments and secrets; listeners are asked for once the first clusters
 * are warm, then routes. A cluster that was added or changed is warm only when its ClusterLoadAssignment arrives after it,
 * even when that is unchanged.
 */
export function createProxyModel(): ProxyModel {
  const state = createState();
  const { answered, byType, referred, warming, wildcard } = state;
  let asksListeners = false;
  const clustersWarm = (): boolean =>
    answered.has(cluster) &&
    warming.size === 0 &&
    referred.assignments.missing.size === 0 &&
    referred.secrets.missing.size === 0;
  return {
    open: () => openRequests(state, asksListeners),
    receive: (response) => {
      const subscription = byType.get(response.typeUrl);
      if (wildcard.has(response.typeUrl)) applyWildcard(state, response);
      if (subscription !== undefined) applyReferred(state, subscription, response);
      const requests: ProxyRequest[] = [
        { ...requestOf(response.typeUrl), nonce: response.nonce },
        ...follow(byType),
      ];
      if (!asksListeners && clustersWarm()) {
        asksListeners = true;
        requests.push({ ...requestOf(listener), initialVersions: {} });
      }
      return requests;
    },
    complete: () => answered.has(listener) && clustersWarm() && referred.routes.missing.size === 0,
    missing: () => [
      ...[...wildcard.keys()].filter((typeUrl) => !answered.has(typeUrl)),
      ...[...byType].flatMap(([typeUrl, { missing }]) =>
        [...missing].map((name) => `${typeUrl} ${name}`),
      ),
      ...[...warming].map((name) => `warming ${name}`),
    ],
  };
}

function createState(): ProxyState {
  const referred: Referred = {
    assignments: createSubscription(),
    secrets: createSubscription(),
    routes: createSubscription(),
  };
  return {
    wildcard: new Map<string, Map<string, Content>>([
      [cluster, new Map()],
      [listener, new Map()],
    ]),
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
  const wildcard = [...state.wildcard].map(([typeUrl, held]) => ({ typeUrl, names: [], held }));
  const byName = [...state.byType].map(([typeUrl, subscription]) => {
    subscription.takeChanges();
    return { typeUrl, names: [...subscription.wanted()], held: subscription.held };
  });
  return [...wildcard, ...byName]
    .filter(({ typeUrl, names }) => {
      if (typeUrl === cluster) return true;
      return typeUrl === listener ? asksListeners : names.length > 0;
    })
    .map(({ typeUrl, names, held }) => ({
      ...requestOf(typeUrl),
      subscribe: names,
      initialVersions: versionsOf(held),
    }));
}

function applyWildcard(state: ProxyState, response: ProxyResponse): void {
  const contents = state.wildcard.get(response.typeUrl);
  for (const content of response.resources) {
    const before = contents?.get(content.name);
    if (before === content) continue;
    refer(state.referred, content.references);
    if (before !== undefined) unrefer(state.referred, before.references);
    const { assignment } = content.references;
    if (assignment !== undefined) state.warming.add(assignment);
    contents?.set(content.name, content);
  }
  for (const name of response.removed) {
    const before = contents?.get(name);
    if (before === undefined) continue;
    unrefer(state.referred, before.references);
    const { assignment } = before.references;
    if (assignment !== undefined) state.warming.delete(assignment);
    contents?.delete(name);
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
    if (response.typeUrl === endpoint) state.warming.delete(content.name);
  }
  for (const name of response.removed) subscription.drop(name);
}

function refer(referred: Referred, references: References): void {
  if (references.assignment !== undefined) referred.assignments.refer(references.assignment);
  for (const name of references.secrets) referred.secrets.refer(name);
  for (const name of references.routes) referred.routes.refer(name);
}

function unrefer(referred: Referred, references: References): void {
  if (references.assignment !== undefined) referred.assignments.unrefer(references.assignment);
  for (const name of references.secrets) referred.secrets.unrefer(name);
  for (const name of references.routes) referred.routes.unrefer(name);
}

function follow(byType: ReadonlyMap<string, Subscription>): ProxyRequest[] {
  return [...byType].flatMap(([typeUrl, subscription]) => {
    const changes = subscription.takeChanges();
    if (changes.subscribe.length + changes.unsubscribe.length === 0) return [];
    return [{ ...requestOf(typeUrl), ...changes }];
  });
}

function versionsOf(held: ReadonlyMap<string, Content>): Record<string, string> {
  return Object.fromEntries([...held].map(([name, content]) => [name, content.version]));
}

function requestOf(typeUrl: string): ProxyRequest {
  return { typeUrl, subscribe: [], unsubscribe: [], nonce: undefined, initialVersions: undefined };
}
