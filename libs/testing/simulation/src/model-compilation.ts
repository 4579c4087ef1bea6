import type { Compilation, CompiledBatch } from '@osm/policy-compiler/compilation';
import type { Bundle, ProxyAssignment } from '@osm/proto-mesh';
import { compileModel, nameOfKey, objectOf } from './model-mesh.ts';
import type { Generation, ObjectName } from './truth.ts';

/** Told of the whole catalog at each compilation. */
export type OnCompile = (objects: ReadonlyMap<ObjectName, number>) => void;

type UnitKey = CompiledBatch['publication']['bundleDeletes'][number];

/**
 * The compiler of the model mesh, in the place of the real one: it says which bundles differ, in the order in which the publisher
 * is promised them.
 */
export function createModelCompilation(onCompile: OnCompile): Compilation {
  const objects = new Map<ObjectName, number>();
  let current = compileModel(() => undefined);
  current = { bundles: new Map(), assignments: new Map() };
  const puts = (
    bundles: ReadonlyMap<string, Bundle>,
    assignments: ReadonlyMap<string, ProxyAssignment>,
  ) => ({
    bundlePuts: [...bundles].map(([key, bundle]) => [key as UnitKey, bundle] as const),
    bundleDeletes: [],
    assignmentPuts: [...assignments],
    assignmentDeletes: [],
    diagnosticPuts: [],
    diagnosticDeletes: [],
  });
  return {
    apply: (changes) => {
      for (const change of changes) {
        const object = change.kind === 'put' ? objectOf(change.value) : undefined;
        const name = object?.name ?? nameOfKey.get(change.key);
        if (object !== undefined) objects.set(object.name, object.generation);
        else if (name !== undefined) objects.delete(name);
      }
      onCompile(objects);
      const before = current;
      const generation = (name: ObjectName): Generation => objects.get(name);
      current = compileModel(generation);
      const changed = [...current.bundles].filter(
        ([key, bundle]) => textOf(bundle) !== textOf(before.bundles.get(key)),
      );
      const moved = [...current.assignments].filter(
        ([uuid, { bundle }]) => before.assignments.get(uuid)?.bundle !== bundle,
      );
      const publication = {
        ...puts(new Map(changed), new Map(moved)),
        bundleDeletes: [...before.bundles.keys()]
          .filter((key) => !current.bundles.has(key))
          .reverse() as UnitKey[],
      };
      return { encoded: new Map(), publication };
    },
    contents: () => puts(current.bundles, current.assignments),
    counts: () => ({
      bundles: new Map(),
      keptBack: 0,
      proxies: current.assignments.size,
      diagnostics: { error: 0, warning: 0 },
    }),
  };
}

function textOf(bundle: Bundle | undefined): string {
  if (bundle === undefined) return '';
  return `${bundle.resources.map(({ version }) => version).join()} ${bundle.includes.join()}`;
}
