import type { Expectation } from './expectations.ts';

/** Where a fleet connects and as whom. Read from a file that the harness writes. */
export interface FleetIdentities {
  /** PEM of the roots that the xDS server's certificate must lead to. */
  readonly rootsPem: string;
  readonly proxies: readonly ProxyIdentity[];
}

export interface ProxyIdentity {
  readonly uuid: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly keyPem: string;
  readonly chainPem: string;
}

/** One group of proxies and what a change must bring them. */
export interface ExpectedBy {
  /** Indexes into the fleet. */
  readonly proxies: readonly number[];
  readonly expectation: Expectation;
}

/** Harness to fleet. Every request is answered by a message with the same id. */
export type FleetCommand =
  /** Connects proxies [0, count); answered when all of them are complete. */
  | { readonly kind: 'connect'; readonly count: number }
  /** Answered at once: from now on it is noted when a proxy has it and is not warming. */
  | { readonly kind: 'expect'; readonly change: number; readonly expected: readonly ExpectedBy[] }
  /** Answered when every proxy has what was expected under that number. */
  | { readonly kind: 'await'; readonly change: number }
  /** Sets traffic counters to zero and answers with what they were. */
  | { readonly kind: 'take-traffic' }
  | { readonly kind: 'last-message' }
  /** Connects to the bare fan-out; answered when all are connected. */
  | {
      readonly kind: 'connect-bare';
      readonly count: number;
      readonly address: string;
      readonly serverName: string;
    }
  /** Answered when every bare connection has received that many messages since it was connected. */
  | { readonly kind: 'await-bare'; readonly messages: number }
  /** What incomplete proxies lack, for people. */
  | { readonly kind: 'missing' };

/** What one proxy received since the last count. */
export interface Traffic {
  readonly bytes: number;
  readonly responses: number;
  /** ClusterLoadAssignments that came again unchanged, after a changed cluster. */
  readonly repeatedAssignments: number;
}

export type FleetAnswer =
  /** When each proxy was complete, in milliseconds after the first began to connect. */
  | { readonly kind: 'connected'; readonly completeMs: readonly number[] }
  /** When each proxy had it, on the monotonic clock in ns, in the order of the command. */
  | { readonly kind: 'met'; readonly atNs: readonly string[] }
  | { readonly kind: 'traffic'; readonly proxies: readonly Traffic[] }
  /** When the last response of any proxy arrived. */
  | { readonly kind: 'last-message'; readonly lastMessageNs: string }
  | { readonly kind: 'missing'; readonly lines: readonly string[] }
  | { readonly kind: 'done' };
