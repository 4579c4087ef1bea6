import type { JsonObject } from '@osm/injection';

/** Where bootstrap Secrets are: a directory here, the Kubernetes API in a cluster. Fails with `io`. */
export interface SecretStore {
  /** Stores a Kubernetes Secret under its namespace and name, replacing one that is there. It is whole or absent at any time. */
  readonly write: (secret: JsonObject) => Promise<void>;
  /** Undefined when there is none. */
  readonly read: (namespace: string, name: string) => Promise<JsonObject | undefined>;
}
