import type { CatalogValue, ObjectRef } from '@osm/model';
import type { At, Invalid } from '../fields/parser.ts';
import type { MeshScope } from '../mesh-scope.ts';

/** What a parser of a kind gets beside the object. */
export interface KindContext {
  readonly ref: ObjectRef;
  /** The version part of apiVersion, one that the kind serves. */
  readonly version: string;
  readonly scope: MeshScope;
  readonly at: At;
}

/** undefined: the object is sound, but nothing of it belongs in the catalog. */
export type KindParser = (
  raw: Readonly<Record<string, unknown>>,
  context: KindContext,
) => CatalogValue | undefined | Invalid;
