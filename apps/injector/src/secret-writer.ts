import type { JsonObject } from '@osm/injection';

/** Where bootstrap Secrets go: a directory here, the Kubernetes API in a cluster. Fails with `io`. */
export interface SecretWriter {
  /** Stores a Kubernetes Secret under its namespace and name, replacing one that is there. It is whole or absent at any time. */
  readonly write: (secret: JsonObject) => Promise<void>;
}
