import { compareRecords, findRecord, recordsOf, type ConfigNode } from './config-node.ts';
import { diffClosures, typeDiffOf } from './diff.ts';
import type { ResourceRecord } from './resource-record.ts';
import { createContent, type ResponseContent } from './response.ts';
import type { ResourceType } from './resource-types.ts';
import {
  isQuarantined,
  isSubscribed,
  nobody,
  scopeFor,
  type Asked,
  type StreamState,
} from './stream-state.ts';

// State-of-the-world: a response for listeners or clusters is the full list of what is subscribed, absence means removal; one for
// endpoints, routes or secrets may carry only what changed.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#grouping-resources-into-responses

/** True for types where absence from a response means removal. */
export function isFullList(type: ResourceType): boolean {
  return type === 'listener' || type === 'cluster';
}

/** Clusters that come or change, together with those about to go; then endpoints. */
export function planEarlySotw(
  state: StreamState,
  from: ConfigNode,
  to: ConfigNode,
): ResponseContent[] {
  const diff = diffClosures(from, to);
  const out: ResponseContent[] = [];
  const clusters = typeDiffOf(diff, 'cluster');
  const upserts = [...clusters.added, ...clusters.changed];
  if (upserts.some((record) => wants(state, record))) {
    const records = clusterList(state, to, [...state.retiring.clusters, ...clusters.removed]);
    out.push(createContent('cluster', { records, introducesClusters: clusters.added.length > 0 }));
  }
  const endpoints = typeDiffOf(diff, 'endpoint');
  const due = new Set([...endpoints.added, ...endpoints.changed]);
  for (const cluster of clusters.changed) {
    const record = findRecord(to, 'endpoint', cluster.name);
    if (record !== undefined) due.add(record);
  }
  return [...out, ...some(state, 'endpoint', [...due])];
}

/** Listeners, routes, then the cluster list without those that went. */
export function planLateSotw(
  state: StreamState,
  from: ConfigNode,
  to: ConfigNode,
): ResponseContent[] {
  const diff = diffClosures(from, to);
  const out: ResponseContent[] = [];
  const listeners = typeDiffOf(diff, 'listener');
  const subscription = state.subscriptions.listener;
  const scope = scopeFor(state, 'listener');
  const names = [...listeners.added, ...listeners.changed].map((record) => record.name);
  if (
    subscription !== undefined &&
    [...names, ...listeners.removed].some((name) => isSubscribed(subscription, scope, name))
  )
    out.push(createContent('listener', { records: fullList(state, 'listener', to) }));
  const routes = typeDiffOf(diff, 'route');
  out.push(...some(state, 'route', [...routes.added, ...routes.changed]));
  const clusterScope = scopeFor(state, 'cluster');
  const clusters = state.subscriptions.cluster ?? nobody;
  if (state.retiring.clusters.some((name) => isSubscribed(clusters, clusterScope, name)))
    out.push(createContent('cluster', { records: fullList(state, 'cluster', to) }));
  return out;
}

/** Answers to names that are new to the subscription, or to all of them. Unknown names wait, as the protocol has it. */
export function answerSotw(
  state: StreamState,
  type: ResourceType,
  node: ConfigNode,
  asked: Asked,
): readonly ResponseContent[] {
  if (isFullList(type)) {
    const records = fullList(state, type, node);
    const introducesClusters = type === 'cluster' && records.length > 0;
    return [createContent(type, { records, introducesClusters })];
  }
  const records = [...asked.names]
    .map((name) => findRecord(node, type, name))
    .filter((record) => record !== undefined)
    .filter((record) => !isQuarantined(state, record));
  return records.length === 0
    ? []
    : [createContent(type, { records: records.sort(compareRecords) })];
}

/** What is subscribed of a closure. What the client refused, or has still to be tried, is there as it was accepted last, or not at all. */
export function fullList(
  state: StreamState,
  type: ResourceType,
  node: ConfigNode,
): ResourceRecord[] {
  const wanted = recordsOf(node, type).filter((record) => wants(state, record));
  const withheld = new Set((state.suspects[type] ?? []).slice(1).flat());
  if (withheld.size + state.quarantine.size === 0) return wanted;
  return wanted.flatMap((record) => {
    if (!withheld.has(record) && !isQuarantined(state, record)) return [record];
    const last = state.accepted[type]?.find(({ name }) => name === record.name);
    return last === undefined ? [] : [last];
  });
}

/** The clusters of a closure, and those that are about to go: listeners and routes that the client still has may name them. */
export function clusterList(
  state: StreamState,
  node: ConfigNode,
  retiring: readonly string[],
): ResourceRecord[] {
  const list = fullList(state, 'cluster', node);
  if (retiring.length === 0) return list;
  const going = new Set(retiring);
  for (const { name } of recordsOf(node, 'cluster')) going.delete(name);
  const last = state.inflight.findLast(({ content }) => content.type === 'cluster')?.content;
  const held = last?.records ?? state.accepted.cluster ?? [];
  return [...list, ...held.filter(({ name }) => going.has(name))].sort(compareRecords);
}

function some(
  state: StreamState,
  type: ResourceType,
  due: readonly ResourceRecord[],
): ResponseContent[] {
  const records = due
    .filter((record) => wants(state, record) && !isQuarantined(state, record))
    .sort(compareRecords);
  return records.length === 0 ? [] : [createContent(type, { records })];
}

function wants(state: StreamState, record: ResourceRecord): boolean {
  const subscription = state.subscriptions[record.type] ?? nobody;
  return isSubscribed(subscription, scopeFor(state, record.type), record.name);
}
