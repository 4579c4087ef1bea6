import type { ConfigNode } from './config-node.ts';
import { hasName, noNames, type NameScope, type NameSet } from './name-set.ts';
import type { ResourceRecord } from './resource-record.ts';
import type { Response, ResponseContent } from './response.ts';
import type { ResourceType } from './resource-types.ts';

/** Delta xDS for sidecars, state-of-the-world for gRPC clients. */
export type Protocol = 'delta' | 'sotw';

/** What a stream should have. Undefined = not known yet: questions wait for it. */
export interface StreamTarget {
  readonly config: ConfigNode | undefined;
  readonly secrets: ConfigNode | undefined;
}

/** The part of a DeltaDiscoveryRequest that matters. */
export interface DeltaRequest {
  readonly typeUrl: string;
  readonly resourceNamesSubscribe: readonly string[];
  readonly resourceNamesUnsubscribe: readonly string[];
  readonly initialResourceVersions: Readonly<Record<string, string>>;
  readonly responseNonce: string;
  readonly errorDetail: { readonly message: string } | undefined;
}

/** The part of a DiscoveryRequest that matters. */
export interface SotwRequest {
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
  readonly responseNonce: string;
  readonly errorDetail: { readonly message: string } | undefined;
}

/** What can happen to a stream. */
export type StreamInput =
  | { readonly kind: 'delta-request'; readonly request: DeltaRequest }
  | { readonly kind: 'sotw-request'; readonly request: SotwRequest }
  | { readonly kind: 'target'; readonly target: StreamTarget }
  /** The transport takes more (true), or has enough queued (false). */
  | { readonly kind: 'writable'; readonly writable: boolean }
  /** New clusters are not acknowledged for too long, or a returning client does not ask: what waits goes out now. See isHolding. */
  | { readonly kind: 'overdue' };

/** What a stream does about it. */
export type StreamOutput =
  | { readonly kind: 'send'; readonly response: Response }
  /** An answer for a type that the mesh has nothing of. */
  | { readonly kind: 'send-nothing'; readonly bytes: Uint8Array }
  /** The client does what no client of ours does: end the stream. */
  | { readonly kind: 'violation'; readonly message: string }
  | { readonly kind: 'acknowledged'; readonly content: ResponseContent }
  /** The client refused a response (NACK); what is to blame is found next. */
  | { readonly kind: 'refused'; readonly content: ResponseContent; readonly message: string }
  /** One resource was found to be refused and is kept back until it has another version. */
  | { readonly kind: 'quarantined'; readonly rejection: Rejection }
  /** Resources that were kept back changed or went: their rejections are over. */
  | { readonly kind: 'released'; readonly rejections: readonly Rejection[] };

/** A resource that the client refused. */
export interface Rejection {
  readonly type: ResourceType;
  /** Empty when a client refused a full list in which nothing is new. */
  readonly name: string;
  readonly version: string;
  readonly message: string;
}

export interface Subscription {
  readonly wildcard: boolean;
  readonly names: NameSet;
}

/** Questions that are not answered yet. */
export interface Asked {
  /** All resources: the first answer to a wildcard, and full lists in state-of-the-world. */
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
  /** What a reconnecting client says it has, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Inflight {
  readonly nonce: string;
  readonly content: ResponseContent;
  /** It brings new clusters, and listeners and routes wait for its acknowledgement. */
  readonly holds: boolean;
}

/**
 * One ADS conversation. What the client has is not a map: it is the closure that it was last brought to, in two steps
 * (clusters and endpoints early, listeners, routes and removals late), and the few exceptions.
 */
export interface StreamState {
  readonly protocol: Protocol;
  readonly target: StreamTarget;
  /** The closure that clusters and endpoints were brought to, removals apart. */
  readonly early: ConfigNode | undefined;
  /** The closure that listeners and routes were brought to. Defined when `early` is. */
  readonly late: ConfigNode | undefined;
  readonly secrets: ConfigNode | undefined;
  /** Names to take from the client when its listeners and routes no longer need them. */
  readonly retiring: Retiring;
  /** After a reconnect: nothing is taken away before the client's listeners and routes, which may name it, have been answered. */
  readonly returning: boolean;
  readonly subscriptions: Readonly<Partial<Record<ResourceType, Subscription>>>;
  readonly asked: Readonly<Partial<Record<ResourceType, Asked | undefined>>>;
  /** Clusters changed in the first answer after a reconnect: their endpoints are due even if the client has them. */
  readonly rewarm: ReadonlySet<string>;
  /** Decided, not sent yet. Nothing more is decided while there is something here. */
  readonly outbox: readonly ResponseContent[];
  /** Sent, not acknowledged yet; oldest first. */
  readonly inflight: readonly Inflight[];
  /** By quarantineKey. */
  readonly quarantine: ReadonlyMap<string, Rejection>;
  /** State-of-the-world: the full lists that the client accepted last, to fall back to when it refuses one. */
  readonly accepted: Readonly<Partial<Record<ResourceType, readonly ResourceRecord[]>>>;
  /** State-of-the-world: what is still to be tried of refused lists, in groups; of a type the first group is on trial. */
  readonly suspects: Readonly<
    Partial<Record<ResourceType, readonly (readonly ResourceRecord[])[]>>
  >;
  /** State-of-the-world: the last nonce per type; anything else is stale. */
  readonly nonces: Readonly<Partial<Record<ResourceType, string>>>;
  readonly writable: boolean;
}

export interface Retiring {
  readonly clusters: readonly string[];
  readonly endpoints: readonly string[];
}

/** A state under construction within one step. */
export type Draft = { -readonly [K in keyof StreamState]: StreamState[K] };

export const nothingRetiring: Retiring = { clusters: [], endpoints: [] };
const noInflight: readonly Inflight[] = [];
const noContents: readonly ResponseContent[] = [];
const noTarget: StreamTarget = { config: undefined, secrets: undefined };
const noText: ReadonlySet<string> = new Set();
const noRejections: ReadonlyMap<string, Rejection> = new Map();
const noSubscriptions = {};

/** A stream that has been opened and has said nothing. */
export function createStreamState(protocol: Protocol): StreamState {
  return {
    protocol,
    target: noTarget,
    early: undefined,
    late: undefined,
    secrets: undefined,
    retiring: nothingRetiring,
    returning: false,
    subscriptions: noSubscriptions,
    asked: noSubscriptions,
    rewarm: noText,
    outbox: noContents,
    inflight: noInflight,
    quarantine: noRejections,
    accepted: noSubscriptions,
    suspects: noSubscriptions,
    nonces: noSubscriptions,
    writable: true,
  };
}

/** True while something is decided and waits for the client. Bound it in time by the input `overdue`. */
export function isHolding(state: StreamState): boolean {
  return state.returning || isIntroducing(state);
}

/** True while listeners and routes wait for the client to have new clusters. */
export function isIntroducing(state: StreamState): boolean {
  return state.inflight.some(({ holds }) => holds);
}

/** The open questions without those about a type. */
export function withoutQuestion(
  asked: StreamState['asked'],
  type: ResourceType,
): StreamState['asked'] {
  return asked[type] === undefined ? asked : { ...asked, [type]: undefined };
}

/** The closure that the client was brought to in a type. */
export function nodeFor(state: StreamState, type: ResourceType): ConfigNode | undefined {
  switch (type) {
    case 'secret':
      return state.secrets;
    case 'cluster':
    case 'endpoint':
      return state.early;
    case 'listener':
    case 'route':
      return state.late;
  }
}

export function scopeFor(state: StreamState, type: ResourceType): NameScope {
  return { type, node: nodeFor(state, type) };
}

export const nobody: Subscription = { wildcard: false, names: noNames };

export function isSubscribed(subscription: Subscription, scope: NameScope, name: string): boolean {
  return subscription.wildcard || hasName(subscription.names, scope, name);
}

export function quarantineKey(type: ResourceType, name: string): string {
  return `${type} ${name}`;
}

/** True when this very version was refused by the client. */
export function isQuarantined(state: StreamState, record: ResourceRecord): boolean {
  if (state.quarantine.size === 0) return false;
  const rejection = state.quarantine.get(quarantineKey(record.type, record.name));
  return rejection?.version === record.version;
}
