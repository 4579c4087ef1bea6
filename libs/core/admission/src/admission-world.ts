import type { CatalogKind, CatalogValue, ObjectRef } from '@osm/model';
import type { MeshScope } from '@osm/resources';

/** An object of a kind that the catalog does not have, as it was written. */
export interface WrittenObject {
  readonly ref: ObjectRef;
  readonly spec: unknown;
}

/** What is there already. Of namespaces outside the mesh nothing is known. */
export interface AdmissionWorld {
  readonly scope: MeshScope;
  readonly object: (kind: CatalogKind, namespace: string, name: string) => CatalogValue | undefined;
  readonly objects: () => Iterable<CatalogValue>;
  /** All objects of one of `writtenKinds`. */
  readonly written: (kind: string) => Iterable<WrittenObject>;
}

/** An object that somebody wants to create or to replace. */
export interface AdmissionChange {
  readonly ref: ObjectRef;
  readonly object: unknown;
  /** Undefined: it is created. */
  readonly before: unknown;
}

/** Empty refusals: the object is admitted. */
export interface Verdict {
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}
