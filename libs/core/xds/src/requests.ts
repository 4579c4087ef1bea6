import { findRecord } from './config-node.ts';
import { changeNames, namesOf, noNames, rememberedNames, type NameSet } from './name-set.ts';
import { createContent, encodeNothing, type ResponseContent } from './response.ts';
import { resourceTypeOf, type ResourceType } from './resource-types.ts';
import { isFullList } from './sotw-plan.ts';
import { acceptList, forgetAccepted, refuseList } from './sotw-trial.ts';
import {
  nodeFor,
  quarantineKey,
  scopeFor,
  withoutQuestion,
  type Asked,
  type DeltaRequest,
  type Draft,
  type SotwRequest,
  type StreamOutput,
  type Subscription,
} from './stream-state.ts';

const wildcardName = '*';
const nothingAsked: Asked = { all: false, names: new Set(), versions: {} };

/** Takes in a DeltaDiscoveryRequest: an acknowledgement, a change of subscription, or both. */
export function receiveDelta(draft: Draft, request: DeltaRequest, outputs: StreamOutput[]): void {
  const type = resourceTypeOf(request.typeUrl);
  const subscribe = request.resourceNamesSubscribe;
  const unsubscribe = request.resourceNamesUnsubscribe;
  if (type === undefined) {
    if (subscribe.length > 0) outputs.push(sendNothing('delta', request.typeUrl, subscribe));
    return;
  }
  if (request.responseNonce !== '') settle(draft, type, request, outputs);
  const known = draft.subscriptions[type];
  const isFirst = known === undefined;
  if (!isFirst && subscribe.length + unsubscribe.length === 0) return;
  // Without names the first request for listeners or clusters means all of them.
  const isLegacyWildcard = isFirst && subscribe.length === 0 && isFullList(type);
  const asksAll = isLegacyWildcard || subscribe.includes(wildcardName);
  const add = subscribe.filter((name) => name !== wildcardName);
  const drop = unsubscribe.filter((name) => name !== wildcardName);
  const names = changeNames(known?.names ?? noNames, scopeFor(draft, type), { add, drop });
  const wildcard = asksAll || ((known?.wildcard ?? false) && !unsubscribe.includes(wildcardName));
  if (!subscribeTo(draft, type, { wildcard, names }, outputs)) return;
  const versions = request.initialResourceVersions;
  if (isFirst && type === 'cluster' && Object.keys(versions).length > 0) draft.returning = true;
  ask(draft, type, { all: asksAll, add, drop, versions });
}

/**
 * Takes in a DiscoveryRequest: an acknowledgement, and always the whole subscription. Requests come in order, so the names in one are
 * what the client wants also when it had not seen the last response yet. (To wait for the answer to that one, as servers do that
 * compare versions, would let a route go ahead of the endpoints that the client asked for in between.)
 */
export function receiveSotw(draft: Draft, request: SotwRequest, outputs: StreamOutput[]): void {
  const type = resourceTypeOf(request.typeUrl);
  if (type === undefined) {
    if (request.responseNonce === '') outputs.push(sendNothing('sotw', request.typeUrl, []));
    return;
  }
  const known = draft.subscriptions[type];
  if (request.responseNonce !== '') settle(draft, type, request, outputs);
  const requested = request.resourceNames;
  const isFirst = known === undefined;
  const wildcard =
    requested.includes(wildcardName) ||
    (requested.length === 0 && isFullList(type) && (isFirst || known.wildcard));
  const scope = scopeFor(draft, type);
  const before = new Set(known === undefined ? [] : namesOf(known.names, scope));
  const after = new Set(requested.filter((name) => name !== wildcardName));
  const add = [...after].filter((name) => !before.has(name));
  const drop = [...before].filter((name) => !after.has(name));
  const isSame = add.length + drop.length === 0 && wildcard === (known?.wildcard ?? false);
  if (!isFirst && isSame) return;
  const names: NameSet = changeNames(known?.names ?? noNames, scope, { add, drop });
  if (!subscribeTo(draft, type, { wildcard, names }, outputs)) return;
  if (isFullList(type) && drop.length > 0) forgetAccepted(draft, type, drop);
  // Who names clusters before routes knows them from a stream before; who starts learns of them from its routes.
  if (isFirst && type === 'cluster' && !wildcard && draft.subscriptions.route === undefined)
    draft.returning = true;
  const asksMore = isFirst || add.length > 0 || (wildcard && !known.wildcard);
  const all = asksMore && (isFullList(type) || wildcard);
  ask(draft, type, { all, add, drop, versions: {} });
}

function sendNothing(
  protocol: 'delta' | 'sotw',
  typeUrl: string,
  names: readonly string[],
): StreamOutput {
  return { kind: 'send-nothing', bytes: encodeNothing(protocol, typeUrl, names) };
}

/** Far above any mesh; bounds what one client can make the server remember. */
const namesMax = 50_000;

function subscribeTo(
  draft: Draft,
  type: ResourceType,
  subscription: Subscription,
  outputs: StreamOutput[],
): boolean {
  if (rememberedNames(subscription.names) > namesMax) {
    const message = `more than ${namesMax} names of type ${type} are subscribed`;
    outputs.push({ kind: 'violation', message });
    return false;
  }
  draft.subscriptions = { ...draft.subscriptions, [type]: subscription };
  return true;
}

interface Question {
  readonly all: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

function ask(draft: Draft, type: ResourceType, question: Question): void {
  const { all, add, drop } = question;
  const pending = draft.asked[type] ?? nothingAsked;
  const names = new Set(pending.names);
  for (const name of drop) names.delete(name);
  for (const name of add) names.add(name);
  const asked: Asked = {
    all: all || pending.all,
    names,
    versions: Object.keys(pending.versions).length > 0 ? pending.versions : question.versions,
  };
  draft.asked =
    asked.all || names.size > 0
      ? { ...draft.asked, [type]: asked }
      : withoutQuestion(draft.asked, type);
}

/** An ACK or a NACK for a response of this stream. */
function settle(
  draft: Draft,
  type: ResourceType,
  request: DeltaRequest | SotwRequest,
  outputs: StreamOutput[],
): void {
  const at = draft.inflight.findIndex(
    ({ nonce, content }) => nonce === request.responseNonce && content.type === type,
  );
  const settled = draft.inflight[at];
  if (settled === undefined) return;
  // Acknowledgements of a type come in order: those before it can get none any more.
  draft.inflight = draft.inflight.filter(({ content }, i) => i > at || content.type !== type);
  const { content } = settled;
  const isList = draft.protocol === 'sotw' && isFullList(type);
  const isLatest = request.responseNonce === draft.nonces[type];
  if (request.errorDetail === undefined) {
    outputs.push({ kind: 'acknowledged', content });
    if (isList) acceptList(draft, content, isLatest);
    return;
  }
  const { message } = request.errorDetail;
  outputs.push({ kind: 'refused', content, message });
  if (!isList) refuse(draft, content, message, outputs);
  // One that was replaced meanwhile needs no verdict of its own: the next is about to get one.
  else if (isLatest) refuseList(draft, content, message, outputs);
}

/**
 * Envoy drops the good siblings of a malformed resource. So a refused response is sent again in single resources, and the one
 * that is refused alone is kept back from this client until it has another version. The same bytes never go out in a loop.
 */
function refuse(
  draft: Draft,
  content: ResponseContent,
  message: string,
  outputs: StreamOutput[],
): void {
  const { type, records, removed } = content;
  const node = nodeFor(draft, type);
  const current = records.filter(
    (record) => node !== undefined && findRecord(node, type, record.name) === record,
  );
  const [only] = current;
  if (records.length === 1 && removed.length === 0) {
    if (only === undefined) return;
    const rejection = { type, name: only.name, version: only.version, message };
    draft.quarantine = new Map(draft.quarantine).set(quarantineKey(type, only.name), rejection);
    outputs.push({ kind: 'quarantined', rejection });
    return;
  }
  if (records.length === 0) return;
  const { introducesClusters } = content;
  const singles = current.map((record) =>
    createContent(type, { records: [record], introducesClusters }),
  );
  if (removed.length > 0) singles.push(createContent(type, { removed }));
  draft.outbox = [...singles, ...draft.outbox];
}
