import type { JsonObject } from '../cluster/json.ts';

/** `requests.json` of a world: what is sent from where after which change, and what a real OSM answered. */
export interface World {
  readonly description: string;
  readonly namespaces: readonly string[];
  /** Workloads that never become ready and must not be waited for. */
  readonly neverReady?: readonly string[];
  /** How many seconds pods may take to become ready; default 180. */
  readonly readyLimit?: number;
  readonly steps: readonly WorldStep[];
}

/** Changes, in this order, and then the requests. */
export interface WorldStep {
  readonly name: string;
  /** Merge patch of the spec of MeshConfig osm-mesh-config; it lasts until the world's end. */
  readonly meshConfig?: JsonObject;
  /** Manifests to apply. */
  readonly apply?: string;
  /** Arguments of `kubectl delete`: kind, "-n", namespace, names. */
  readonly delete?: readonly string[];
  /** Deployments to restart, as "namespace/name". */
  readonly restart?: readonly string[];
  /** The requests change the state (counters): they are sent once only. */
  readonly once?: boolean;
  readonly requests: readonly WorldRequest[];
}

/** A request as the test program in the pods understands it (`app.js client`), with how its outcome is compared. */
export interface WorldRequest {
  /** Namespace and app of the pod that sends it. */
  readonly from: string;
  readonly http?: string;
  readonly tcp?: string;
  readonly send?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds to wait for an answer; default 6. */
  readonly limit?: number;
  /** How often it is sent, one connection each; default 1. */
  readonly repeat?: number;
  /** The repetitions go out at the same time. */
  readonly parallel?: boolean;
  /** Milliseconds between repetitions. */
  readonly every?: number;
  /** Number of different pods that answer is part of the outcome. */
  readonly pods?: boolean;
  /** Do not compare who answered; compare body and headers loosely; allowed difference of each share. */
  readonly anyBy?: boolean;
  readonly loose?: boolean;
  readonly tolerance?: number;
  readonly outcome?: Outcome;
}

/** What became of all attempts of a request. */
export interface Outcome {
  /** When all attempts had the same result: "200", "exit 56", "text ...", "error reset". */
  readonly outcome?: string;
  /** Counts, when they differ. */
  readonly outcomes?: Readonly<Record<string, number>>;
  /** Who answered, or counts. */
  readonly by?: string | Readonly<Record<string, number>>;
  readonly pods?: number;
  readonly body?: unknown;
  readonly headers?: unknown;
  /** Beginning of an answer that is not the test server's. Not compared. */
  readonly text?: string;
  readonly say?: string;
  /** Another outcome that was recorded, too; either is right. */
  readonly unstable?: Outcome;
}

/** What the test program says of one attempt. */
export interface Attempt {
  readonly exit?: number;
  readonly status?: number;
  readonly grpcStatus?: string;
  readonly error?: string;
  readonly text?: string;
  readonly closed?: boolean;
  readonly by?: string;
  readonly pod?: string;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly say?: string;
}

/** A case where the original is wrong: what is right, exactly, and why. */
export interface Deviation {
  /** The world's folder. */
  readonly world: string;
  readonly step: string;
  readonly from: string;
  /** The request's `http` or `tcp`. */
  readonly request: string;
  readonly send?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly outcome: Outcome;
  readonly why: string;
}

/** One request of a world, compared. */
export interface RequestResult {
  readonly step: string;
  readonly request: WorldRequest;
  readonly wanted: Outcome;
  readonly got: Outcome;
  /** It is as wanted: as recorded, or as a deviation has it. */
  readonly isSame: boolean;
  /** It is as recorded, whatever is wanted. */
  readonly isAsRecorded: boolean;
  /** Why another outcome than the recorded one is wanted. */
  readonly why: string | undefined;
}
