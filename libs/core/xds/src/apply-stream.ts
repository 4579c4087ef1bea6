import { findRecord } from './config-node.ts';
import { diffClosures, typeDiffOf, type Diff } from './diff.ts';
import {
  answerDelta,
  planEarlyDelta,
  planLateDelta,
  planSecrets,
  rebaseSubscriptions,
} from './delta-plan.ts';
import { receiveDelta, receiveSotw } from './requests.ts';
import { encodeDeltaResponse, encodeSotwResponse, type ResponseContent } from './response.ts';
import type { ResourceType } from './resource-types.ts';
import { answerSotw, planEarlySotw, planLateSotw } from './sotw-plan.ts';
import {
  isIntroducing,
  nodeFor,
  nothingRetiring,
  withoutQuestion,
  type Draft,
  type Rejection,
  type StreamInput,
  type StreamOutput,
  type StreamState,
} from './stream-state.ts';

/** The next state and what to do about it, in order. */
export interface StreamStep {
  readonly state: StreamState;
  readonly outputs: readonly StreamOutput[];
}

/** After that many bytes a step stops, and waits to be told that the transport takes more. */
const stepBytesMax = 64 * 1024;
/** Responses without acknowledgement that are remembered; older ones count as acknowledged. */
const inflightMax = 1024;

/**
 * The ADS conversation: everything that a stream does follows from its state and one input.
 *
 * After a step the state may be not writable: the step has sent its fill. Report `writable` when the transport's queue
 * is short again; what has changed by then is sent as one difference.
 */
export function applyStream(state: StreamState, input: StreamInput): StreamStep {
  const draft: Draft = { ...state };
  const outputs: StreamOutput[] = [];
  switch (input.kind) {
    case 'delta-request':
      receiveDelta(draft, input.request, outputs);
      break;
    case 'sotw-request':
      receiveSotw(draft, input.request, outputs);
      break;
    case 'target':
      draft.target = {
        config: input.target.config ?? draft.target.config,
        secrets: input.target.secrets ?? draft.target.secrets,
      };
      break;
    case 'writable':
      draft.writable = input.writable;
      break;
    case 'overdue':
      draft.inflight = draft.inflight.map((entry) => ({ ...entry, holds: false }));
      draft.returning = false;
      break;
  }
  advance(draft, outputs);
  return { state: draft, outputs };
}

/** Sends what can be sent: what is decided, and then one decision after the other, the urgent ones first. */
function advance(draft: Draft, outputs: StreamOutput[]): void {
  let sentBytes = 0;
  for (;;) {
    const [next] = draft.outbox;
    if (next === undefined) {
      if (!draft.writable || !decide(draft, outputs)) return;
      continue;
    }
    if (!draft.writable) return;
    draft.outbox = draft.outbox.slice(1);
    sentBytes += send(draft, next, outputs);
    if (sentBytes >= stepBytesMax) draft.writable = false;
  }
}

function send(draft: Draft, content: ResponseContent, outputs: StreamOutput[]): number {
  const response =
    draft.protocol === 'delta' ? encodeDeltaResponse(content) : encodeSotwResponse(content);
  // Without the bytes of the response: waiting for an acknowledgement costs no memory.
  const sent = { nonce: response.nonce, content, holds: content.introducesClusters };
  draft.inflight = [...draft.inflight.slice(1 - inflightMax), sent];
  if (draft.protocol === 'sotw') draft.nonces = { ...draft.nonces, [content.type]: response.nonce };
  outputs.push({ kind: 'send', response });
  return response.bytes.length;
}

/** Takes the next decision; false when there is none. Make-before-break lies in the order here. */
function decide(draft: Draft, outputs: StreamOutput[]): boolean {
  if (moveSecrets(draft)) return true;
  if (moveEarly(draft, outputs)) return true;
  for (const type of ['cluster', 'endpoint', 'secret'] as const)
    if (!(type === 'cluster' && wouldTakeAway(draft)) && answer(draft, type)) return true;
  // Envoy acknowledges new clusters once it has processed them and asked for their endpoints; one that is up, even only when
  // they are warm. From then on listeners and routes may name them, and what these no longer name may go.
  if (isIntroducing(draft)) return false;
  if (moveLate(draft)) return true;
  for (const type of ['listener', 'route'] as const) if (answer(draft, type)) return true;
  return hasReturned(draft);
}

/**
 * True when the list of clusters that a returning state-of-the-world client asks for lacks some of them: absence means removal, and
 * what it has of listeners and routes may name them.
 */
function wouldTakeAway(draft: Draft): boolean {
  const asked = draft.asked.cluster;
  if (draft.protocol !== 'sotw' || !draft.returning || asked === undefined) return false;
  const node = draft.early;
  return (
    node !== undefined &&
    [...asked.names].some((name) => findRecord(node, 'cluster', name) === undefined)
  );
}

/** Ends the return of a client once its listeners and routes are answered: what they do not name any more may go. */
function hasReturned(draft: Draft): boolean {
  const { returning, subscriptions } = draft;
  if (!returning || draft.late === undefined) return false;
  if (subscriptions.listener === undefined || subscriptions.route === undefined) return false;
  draft.returning = false;
  return true;
}

function moveSecrets(draft: Draft): boolean {
  const from = draft.secrets;
  const to = draft.target.secrets;
  if (to === undefined || from === to) return false;
  draft.outbox = planSecrets(draft, from, to);
  draft.secrets = to;
  return true;
}

function moveEarly(draft: Draft, outputs: StreamOutput[]): boolean {
  const from = draft.early;
  const to = draft.target.config;
  if (to === undefined || from === to) return false;
  if (from === undefined) {
    draft.early = to;
    draft.late = to;
    return true;
  }
  const diff = diffClosures(from, to);
  liftQuarantine(draft, diff, outputs);
  draft.outbox =
    draft.protocol === 'delta' ? planEarlyDelta(draft, from, to) : planEarlySotw(draft, from, to);
  rebaseSubscriptions(draft, diff, ['cluster', 'endpoint']);
  draft.early = to;
  draft.retiring = {
    clusters: retire(draft.retiring.clusters, diff, 'cluster'),
    endpoints: retire(draft.retiring.endpoints, diff, 'endpoint'),
  };
  return true;
}

/** Names that went and did not come again. The diff's own list when there were none before, so that responses can be shared. */
function retire(
  before: readonly string[],
  diff: Diff,
  type: 'cluster' | 'endpoint',
): readonly string[] {
  const { added, removed } = typeDiffOf(diff, type);
  if (before.length === 0) return removed;
  if (added.length + removed.length === 0) return before;
  const names = new Set([...before, ...removed]);
  for (const record of added) names.delete(record.name);
  return [...names].sort();
}

function moveLate(draft: Draft): boolean {
  const from = draft.late;
  const to = draft.early;
  if (from === undefined || to === undefined) return false;
  const retiring = draft.returning ? nothingRetiring : draft.retiring;
  const isRetiring = retiring.clusters.length + retiring.endpoints.length > 0;
  if (from === to && !isRetiring) return false;
  draft.outbox =
    draft.protocol === 'delta'
      ? planLateDelta({ ...draft, retiring }, from, to)
      : planLateSotw({ ...draft, retiring }, from, to);
  rebaseSubscriptions(draft, diffClosures(from, to), ['listener', 'route']);
  draft.late = to;
  if (!draft.returning) draft.retiring = nothingRetiring;
  return true;
}

function answer(draft: Draft, type: ResourceType): boolean {
  const asked = draft.asked[type];
  const node = nodeFor(draft, type);
  if (asked === undefined || node === undefined) return false;
  draft.asked = withoutQuestion(draft.asked, type);
  draft.outbox =
    draft.protocol === 'delta'
      ? answerDelta(draft, type, node, asked)
      : answerSotw(draft, type, node, asked);
  if (type === 'endpoint' && draft.rewarm.size > 0) draft.rewarm = new Set();
  return true;
}

/** A new version, or the end of a resource, ends its quarantine. */
function liftQuarantine(draft: Draft, diff: Diff, outputs: StreamOutput[]): void {
  if (draft.quarantine.size === 0) return;
  const kept = new Map(draft.quarantine);
  for (const [key, { type, name, version }] of draft.quarantine) {
    const { added, changed, removed } = typeDiffOf(diff, type);
    const isNew = [...added, ...changed].some(
      (record) => record.name === name && record.version !== version,
    );
    if (isNew || removed.includes(name)) kept.delete(key);
  }
  if (kept.size === draft.quarantine.size) return;
  const rejections = [...draft.quarantine].filter(([key]) => !kept.has(key)).map(([, r]) => r);
  draft.quarantine = kept;
  outputs.push({ kind: 'released', rejections });
}

/** What the client refuses at present, for its status. */
export function rejectionsOf(state: StreamState): readonly Rejection[] {
  return [...state.quarantine.values()];
}
