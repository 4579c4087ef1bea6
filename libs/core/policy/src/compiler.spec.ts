import type { CatalogValue } from '@osm/model';
import { compileMesh, endpoints, largeMesh, put, remove, trafficSplit } from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';
import type { CatalogChange } from './index.ts';

function find(mesh: readonly CatalogValue[], kind: CatalogValue['$case'], name: string) {
  const found = mesh.find(
    ({ $case, value }) => $case === kind && 'name' in value && value.name === name,
  );
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** What one change costs and changes, in a mesh of so many services. */
function costOf(services: number, change: (mesh: readonly CatalogValue[]) => CatalogChange) {
  const objects = largeMesh({ services, replicas: 2, callers: 5 });
  const split = trafficSplit('mesh/split', 's7', { s8: 50, s9: 50 });
  const mesh = compileMesh([...objects, split]);
  const before = mesh.compiler.evaluations();
  const { unitPuts, unitDeletes } = mesh.apply([change(objects)]);
  return {
    evaluations: mesh.compiler.evaluations() - before,
    puts: unitPuts.length,
    deletes: unitDeletes.length,
  };
}

describe('work', () => {
  it.each<[string, (mesh: readonly CatalogValue[]) => CatalogChange, object]>([
    [
      'a weight flip',
      () => put(trafficSplit('mesh/split', 's7', { s8: 51, s9: 49 })),
      // The callers of s7 differ in what they may call of s8 and s9.
      { puts: 3, deletes: 0 },
    ],
    [
      'an endpoint removed',
      () => put(endpoints('mesh/s20', { at: ['10.1.0.20=s20-0'] })),
      { evaluations: 1, puts: 1, deletes: 0 },
    ],
    ['a pod removed', (mesh) => remove(find(mesh, 'pod', 's20-1')), { puts: 1, deletes: 0 }],
    [
      'a target removed',
      (mesh) => remove(find(mesh, 'trafficTarget', 's20')),
      // The workloads of the service and of its five callers.
      { puts: 6, deletes: 2 },
    ],
  ])('for %s does not grow with the mesh', (_, change, expected) => {
    const small = costOf(40, change);
    expect(small).toMatchObject(expected);
    expect(costOf(120, change)).toEqual(small);
  });

  it('leaves nothing behind when all objects are gone', () => {
    const objects = largeMesh({ services: 8, replicas: 2, callers: 3 });
    const mesh = compileMesh(objects);
    mesh.apply(objects.map(remove));
    expect(mesh.state).toEqual({
      units: new Map(),
      assignments: new Map(),
      diagnostics: new Map(),
    });
  });

  it('ignores keys of kinds that it does not know', () => {
    const mesh = compileMesh([]);
    const difference = mesh.apply([{ kind: 'delete', key: 'somethingElse.n.x' }]);
    expect(Object.values(difference).flat()).toEqual([]);
  });
});
