import type { CatalogValue, Diagnostic } from '@osm/model';
import { sortedBy } from '@osm/prelude';
import { createManifestLayers } from './manifest-layers.ts';
import { parseManifests } from './manifests.ts';
import { createMeshCatalog } from './mesh-catalog.ts';
import type { MeshScope } from './mesh-scope.ts';

/** A catalog, and what was left out of it. */
export interface ParsedMesh {
  /** By bus key, sorted. */
  readonly objects: ReadonlyMap<string, CatalogValue>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Files to catalog in one go, the way the catalog-watcher does it: for tests and tools. */
export function parseMesh(
  files: readonly { readonly file: string; readonly text: string }[],
  scope: MeshScope,
): ParsedMesh {
  const layers = createManifestLayers();
  for (const { file, text } of files)
    layers.put({ layer: 0, file }, parseManifests(text, { file }));
  const { changes, diagnostics: fileDiagnostics } = layers.drain();
  const catalog = createMeshCatalog(scope);
  const { diagnostics: objectDiagnostics } = catalog.apply(changes);
  return {
    objects: new Map(sortedBy(catalog.objects(), ([key]) => key)),
    diagnostics: sortDiagnostics(
      [...fileDiagnostics.values(), ...objectDiagnostics.values()].flat(),
    ),
  };
}

/** By place, object and message: the order in which people read them. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return sortedBy(diagnostics, ({ object, message }) => {
    const { file = '', line = 0, kind = '', namespace = '', name = '' } = object ?? {};
    return [file, line.toString().padStart(6, '0'), kind, namespace, name, message].join('\u0000');
  });
}
