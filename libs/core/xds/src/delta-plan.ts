import { compareText } from '@osm/prelude';
import { compareRecords, findRecord, recordsOf, type ConfigNode } from './config-node.ts';
import { diffClosures, typeDiffOf, type Diff } from './diff.ts';
import { rebaseNames } from './name-set.ts';
import type { ResourceRecord } from './resource-record.ts';
import { createContent, initialContents, splitContent, type ResponseContent } from './response.ts';
import type { ResourceType } from './resource-types.ts';
import {
  isQuarantined,
  isSubscribed,
  nobody,
  scopeFor,
  type Asked,
  type Draft,
  type StreamState,
} from './stream-state.ts';

/** Responses of a diff that are the same for all streams without exceptions: made once per diff. */
function shared(diff: Diff, slot: string, make: () => ResponseContent): readonly ResponseContent[] {
  const known = diff.shared.get(slot);
  if (known !== undefined) return known;
  const contents = splitContent(make());
  diff.shared.set(slot, contents);
  return contents;
}

/** Clusters and endpoints that come or change: what must be there before listeners and routes name it. */
export function planEarlyDelta(draft: Draft, from: ConfigNode, to: ConfigNode): ResponseContent[] {
  const diff = diffClosures(from, to);
  return [...clusterUpserts(draft, diff, to), ...endpointUpserts(draft, diff, to)];
}

function clusterUpserts(
  state: StreamState,
  diff: Diff,
  to: ConfigNode,
): readonly ResponseContent[] {
  const subscription = state.subscriptions.cluster;
  const { added, changed } = typeDiffOf(diff, 'cluster');
  if (subscription === undefined || added.length + changed.length === 0) return [];
  const make = (records: readonly ResourceRecord[], isShared: boolean): ResponseContent =>
    createContent('cluster', {
      records,
      introducesClusters: added.some((record) => warms(to, record)),
      shared: isShared,
    });
  const all = (): ResourceRecord[] => [...added, ...changed].sort(compareRecords);
  if (subscription.wildcard && state.quarantine.size === 0)
    return shared(diff, 'cluster', () => make(all(), true));
  const scope = scopeFor(state, 'cluster');
  const records = all().filter(
    (record) => isSubscribed(subscription, scope, record.name) && !isQuarantined(state, record),
  );
  return records.length === 0 ? [] : splitContent(make(records, false));
}

/** A cluster with endpoints is in use only once they came; any other from the moment on in which it is read. */
function warms(node: ConfigNode, cluster: ResourceRecord): boolean {
  return findRecord(node, 'endpoint', cluster.name) !== undefined;
}

/**
 * Changed endpoints, and those of changed clusters even if they are the same: Envoy holds a changed cluster in warming until its
 * ClusterLoadAssignment was sent again. Those of new clusters come when they are asked for.
 */
function endpointUpserts(
  state: StreamState,
  diff: Diff,
  to: ConfigNode,
): readonly ResponseContent[] {
  const subscription = state.subscriptions.endpoint;
  if (subscription === undefined) return [];
  const { added, changed } = typeDiffOf(diff, 'endpoint');
  const changedClusters = typeDiffOf(diff, 'cluster').changed;
  if (added.length + changed.length + changedClusters.length === 0) return [];
  const usual = (): ResourceRecord[] => {
    const records = new Set(changed);
    for (const cluster of changedClusters) {
      const endpoints = findRecord(to, 'endpoint', cluster.name);
      if (endpoints !== undefined) records.add(endpoints);
    }
    return [...records].sort(compareRecords);
  };
  const contents = shared(diff, 'endpoint', () =>
    createContent('endpoint', { records: usual(), shared: true }),
  );
  return forSubscriber(state, 'endpoint', contents, added);
}

/** The shared contents if they are right for this stream, else its own. `added`: new names, sent only to who waits for them. */
function forSubscriber(
  state: StreamState,
  type: ResourceType,
  contents: readonly ResponseContent[],
  added: readonly ResourceRecord[],
): readonly ResponseContent[] {
  const subscription = state.subscriptions[type] ?? nobody;
  const scope = scopeFor(state, type);
  const wants = (name: string): boolean => isSubscribed(subscription, scope, name);
  const awaited = added.filter((record) => wants(record.name));
  const isRight =
    awaited.length === 0 &&
    contents.every(
      ({ records, removed }) =>
        records.every((record) => wants(record.name) && !isQuarantined(state, record)) &&
        removed.every(wants),
    );
  if (isRight) return contents.filter(isWorthSending);
  const records = [...contents.flatMap((content) => content.records), ...awaited]
    .filter((record) => wants(record.name) && !isQuarantined(state, record))
    .sort(compareRecords);
  const removed = contents.flatMap((content) => content.removed).filter(wants);
  return splitContent(createContent(type, { records, removed })).filter(isWorthSending);
}

function isWorthSending(content: ResponseContent): boolean {
  return content.records.length + content.removed.length > 0;
}

/**
 * Listeners and routes, then the removals that these made possible. Listeners that go and come are one response: Envoy then
 * removes first, so that a new listener may take over the address of one that goes.
 */
export function planLateDelta(
  draft: StreamState,
  from: ConfigNode,
  to: ConfigNode,
): ResponseContent[] {
  const diff = diffClosures(from, to);
  return [
    ...listenerChanges(draft, diff),
    ...routeChanges(draft, diff),
    ...retirements(draft, diff),
  ];
}

function listenerChanges(state: StreamState, diff: Diff): readonly ResponseContent[] {
  const subscription = state.subscriptions.listener;
  const { added, changed, removed } = typeDiffOf(diff, 'listener');
  if (subscription === undefined || added.length + changed.length + removed.length === 0) return [];
  const contents = shared(diff, 'listener', () =>
    createContent('listener', {
      records: [...added, ...changed].sort(compareRecords),
      removed,
      shared: true,
    }),
  );
  return forSubscriber(state, 'listener', contents, []);
}

function routeChanges(state: StreamState, diff: Diff): readonly ResponseContent[] {
  const subscription = state.subscriptions.route;
  const { added, changed, removed } = typeDiffOf(diff, 'route');
  if (subscription === undefined || added.length + changed.length + removed.length === 0) return [];
  const contents = shared(diff, 'route', () =>
    createContent('route', { records: changed, removed, shared: true }),
  );
  return forSubscriber(state, 'route', contents, added);
}

function retirements(state: StreamState, diff: Diff): readonly ResponseContent[] {
  const out: ResponseContent[] = [];
  for (const type of ['endpoint', 'cluster'] as const) {
    const removed = type === 'cluster' ? state.retiring.clusters : state.retiring.endpoints;
    if (removed.length === 0 || state.subscriptions[type] === undefined) continue;
    const isUsual = removed === typeDiffOf(diff, type).removed;
    const contents = isUsual
      ? shared(diff, `${type} removed`, () => createContent(type, { removed, shared: true }))
      : [createContent(type, { removed })];
    out.push(...forSubscriber(state, type, contents, []));
  }
  return out;
}

/** Secrets that changed or appeared. */
export function planSecrets(
  state: StreamState,
  from: ConfigNode | undefined,
  to: ConfigNode,
): readonly ResponseContent[] {
  const subscription = state.subscriptions.secret;
  if (subscription === undefined) return [];
  const before = new Map(from && recordsOf(from, 'secret').map((r) => [r.name, r.version]));
  const scope = { type: 'secret', node: from } as const;
  const pending = state.asked.secret?.names;
  const records = recordsOf(to, 'secret').filter(
    (record) =>
      before.get(record.name) !== record.version &&
      pending?.has(record.name) !== true &&
      isSubscribed(subscription, scope, record.name) &&
      !isQuarantined(state, record),
  );
  return records.length === 0 ? [] : [createContent('secret', { records })];
}

/** Answers to what a client asked for: resources it does not have, and names that do not exist. */
export function answerDelta(
  draft: Draft,
  type: ResourceType,
  node: ConfigNode,
  asked: Asked,
): readonly ResponseContent[] {
  const isNew = Object.keys(asked.versions).length === 0;
  if (asked.all && isNew && draft.quarantine.size === 0) return initialContents(node, type);
  const isMissing = (record: ResourceRecord): boolean =>
    !isQuarantined(draft, record) &&
    (asked.versions[record.name] !== record.version ||
      (type === 'endpoint' && draft.rewarm.has(record.name)));
  const { records, removed } = asked.all
    ? everything(node, type, asked)
    : byName(node, type, asked);
  const missing = records.filter(isMissing).sort(compareRecords);
  const content = createContent(type, {
    records: missing,
    removed: retireLater(draft, type, removed, asked),
    introducesClusters:
      type === 'cluster' && missing.some((record) => asked.versions[record.name] === undefined),
  });
  const contents =
    isWorthSending(content) || (asked.all && isNew) ? [...splitContent(content)] : [];
  if (type === 'cluster' && !isNew)
    contents.push(...rewarmAfterReconnect(draft, node, missing, asked));
  return contents;
}

/**
 * Clusters and endpoints that went while the client was away go as they do while it is here: after the listeners and routes that
 * named them. Returns the names to take back at once: those that the client waits for.
 */
function retireLater(
  draft: Draft,
  type: ResourceType,
  removed: readonly string[],
  { versions }: Asked,
): readonly string[] {
  if (type !== 'cluster' && type !== 'endpoint') return removed;
  const held = removed.filter((name) => versions[name] !== undefined);
  if (held.length === 0) return removed;
  const { clusters, endpoints } = draft.retiring;
  const merge = (before: readonly string[]) => [...new Set([...before, ...held])].sort(compareText);
  draft.retiring =
    type === 'cluster'
      ? { clusters: merge(clusters), endpoints }
      : { clusters, endpoints: merge(endpoints) };
  draft.returning = true;
  return removed.filter((name) => versions[name] === undefined);
}

function everything(node: ConfigNode, type: ResourceType, asked: Asked) {
  const records = recordsOf(node, type);
  const names = new Set(records.map((record) => record.name));
  const removed = Object.keys(asked.versions).filter((name) => !names.has(name));
  return { records, removed: removed.sort(compareText) };
}

/** Names that do not exist are said to be removed, else Envoy waits for them; secrets are on their way and are waited for. */
function byName(node: ConfigNode, type: ResourceType, asked: Asked) {
  const records: ResourceRecord[] = [];
  const removed: string[] = [];
  for (const name of asked.names) {
    const record = findRecord(node, type, name);
    if (record !== undefined) records.push(record);
    else if (type !== 'secret') removed.push(name);
  }
  return { records, removed: removed.sort(compareText) };
}

/** Endpoints of clusters that changed while the client was away, as for clusters that change while it is here. */
function rewarmAfterReconnect(
  draft: Draft,
  node: ConfigNode,
  clusters: readonly ResourceRecord[],
  asked: Asked,
): readonly ResponseContent[] {
  const names = clusters
    .map((record) => record.name)
    .filter((name) => asked.versions[name] !== undefined);
  const subscription = draft.subscriptions.endpoint;
  if (subscription === undefined || draft.asked.endpoint !== undefined) {
    draft.rewarm = new Set([...draft.rewarm, ...names]);
    return [];
  }
  const scope = scopeFor(draft, 'endpoint');
  const records = names
    .filter((name) => isSubscribed(subscription, scope, name))
    .map((name) => findRecord(node, 'endpoint', name))
    .filter((record) => record !== undefined);
  return records.length === 0 ? [] : splitContent(createContent('endpoint', { records }));
}

/** Moves the subscriptions of some types along with the closure they are relative to. */
export function rebaseSubscriptions(
  draft: Draft,
  diff: Diff,
  types: readonly ResourceType[],
): void {
  for (const type of types) {
    const subscription = draft.subscriptions[type];
    if (subscription === undefined) continue;
    const names = rebaseNames(subscription.names, typeDiffOf(diff, type));
    if (names === subscription.names) continue;
    draft.subscriptions = { ...draft.subscriptions, [type]: { ...subscription, names } };
  }
}
