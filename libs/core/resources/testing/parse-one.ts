import type { CatalogValue } from '@osm/model';
import { parseManifests } from '../src/manifests.ts';
import type { MeshScope } from '../src/mesh-scope.ts';
import { parseObject } from '../src/parse-object.ts';

/** The mesh of the specs. */
export const scope: MeshScope = {
  meshName: 'osm',
  meshNamespace: 'osm-system',
  trustDomain: 'cluster.local',
};

/** What became of one manifest, in short. */
export interface ParsedOne {
  /** The catalog value without its kind; undefined when left out. */
  readonly value: CatalogValue['value'] | undefined;
  /** `code: message` of every diagnostic. */
  readonly told: readonly string[];
  readonly refused: boolean;
}

/** Parses the only object of a YAML text. */
export function parseOne(yaml: string): ParsedOne {
  const { manifests, diagnostics } = parseManifests(yaml, { file: 'x.yaml' });
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1 || diagnostics.length > 0) {
    throw new Error(`not one manifest: ${diagnostics.map(({ message }) => message).join('; ')}`);
  }
  const parsed = parseObject(manifest.raw, manifest.ref, scope);
  return {
    value: parsed.value?.value,
    told: parsed.diagnostics.map(({ code, message }) => `${code}: ${message}`),
    refused: parsed.refused,
  };
}

/** The same with `spec` in flow style, for kinds that are all spec. */
export function parseSpec(apiVersion: string, kind: string, spec: string): ParsedOne {
  return parseOne(`
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: x, namespace: shop}
spec: ${spec}
`);
}
