import type { JsonObject } from '../cluster/json.ts';
import type { PlaceholderSource } from './placeholders.ts';

/** Where a world runs: what is done to it there, as with kubectl. */
export interface WorldGround {
  /** Merges a patch into the spec of the MeshConfig. */
  readonly changeSettings: (patch: JsonObject) => Promise<void>;
  /** Applies manifests. What is wrong with some of them; the others count all the same. */
  readonly apply: (text: string) => Promise<readonly string[]>;
  /** `kubectl delete` with these arguments. Objects that are not there are no error. */
  readonly delete: (args: readonly string[]) => Promise<void>;
  readonly restart: (namespace: string, name: string, stamp: string) => Promise<void>;
  /** Waits until all pods are ready but those of the ignored workloads. What is not, after that time. */
  readonly awaitReady: (
    ignored: ReadonlySet<string>,
    timeoutMs: number,
  ) => Promise<readonly string[]>;
  readonly addresses: () => Promise<PlaceholderSource>;
  /** Runs the test program as a client in the first pod of an app, by name: requests in, answers out. */
  readonly send: (batch: {
    readonly namespace: string;
    readonly app: string;
    readonly input: string;
    readonly timeoutMs: number;
  }) => Promise<{ readonly output: string; readonly said: string }>;
  /** Removes everything of the world, so that the next one may have the same names. */
  readonly clear: (timeoutMs: number) => Promise<void>;
}

/** What the test program is called in its image, as a client. */
export const worldClient = ['node', '/app/app.js', 'client'] as const;
