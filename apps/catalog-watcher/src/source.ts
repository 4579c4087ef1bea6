import type { Diagnostic } from '@osm/model';
import type { ObjectChange } from '@osm/resources';

/** What a source of objects tells. */
export type SourceEvent =
  | ObjectChange
  /** All there is to say now about `owner` (a file, an object); empty = nothing any more. */
  | {
      readonly kind: 'diagnostics';
      readonly owner: string;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** Once: everything that exists has been put. */
  | { readonly kind: 'listed' };

/**
 * Where the objects of the world come from: a directory, later the Kubernetes API. Applying the events in order gives the
 * world's objects; testing/source-contract.ts holds every source to that.
 */
export interface CatalogSource {
  /**
   * Lists and follows, in batches that belong together. Every call starts anew. Ends when the signal aborts; throws a MeshError
   * when the source cannot be followed any more.
   */
  readonly watch: (options: {
    readonly signal: AbortSignal;
  }) => AsyncIterable<readonly SourceEvent[]>;
}
