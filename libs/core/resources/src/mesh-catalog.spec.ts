import { CatalogObject } from '@osm/proto-mesh';
import type { CatalogValue } from '@osm/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scope } from '../testing/parse-one.ts';
import { parseManifests, type Manifest } from './manifests.ts';
import { createMeshCatalog, type MeshCatalog, type ObjectChange } from './mesh-catalog.ts';

function manifest(yaml: string): Manifest {
  const [first] = parseManifests(yaml, { file: 'm.yaml' }).manifests;
  if (first === undefined) throw new Error('not a manifest');
  return first;
}

const put = (yaml: string): ObjectChange => ({ kind: 'put', ...manifest(yaml) });
const remove = (yaml: string): ObjectChange => {
  const { id, ref } = manifest(yaml);
  return { kind: 'delete', id, ref };
};

const namespace = (name: string, mesh: string): string =>
  `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}, labels: {openservicemesh.io/monitored-by: ${mesh}}}}`;
const split = (weight: string, name = 'a', ns = 'shop'): string =>
  `{apiVersion: split.smi-spec.io/v1alpha2, kind: TrafficSplit, metadata: {name: ${name}, namespace: ${ns}}, spec: {service: s, backends: [{service: b, weight: ${weight}}]}}`;
const service = (ns: string): string =>
  `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ${ns}}, spec: {ports: [{port: 80, appProtocol: quic}]}}`;
const config = (permissive: string): string =>
  `{apiVersion: config.openservicemesh.io/v1alpha2, kind: MeshConfig, metadata: {name: osm-mesh-config, namespace: osm-system}, spec: {traffic: {enablePermissiveTrafficPolicyMode: ${permissive}}}}`;

/** Changes as `+key` (new), `~key`, `-key`; diagnostics by object id. */
function apply(catalog: MeshCatalog, ...changes: ObjectChange[]) {
  const delta = catalog.apply(changes);
  return {
    changes: delta.changes.map((change) => {
      const sign = change.kind === 'delete' ? '-' : change.added ? '+' : '~';
      return sign + change.key;
    }),
    told: Object.fromEntries(
      [...delta.diagnostics].map(([id, list]) => [id, list.map(({ code }) => code)]),
    ),
  };
}

describe('mesh catalog', () => {
  it('has default settings from the start', () => {
    expect([...createMeshCatalog(scope).objects().keys()]).toEqual(['meshSettings.=.=']);
  });

  it('shows objects of namespaces of this mesh, in any order of arrival', () => {
    const catalog = createMeshCatalog(scope);
    expect(apply(catalog, put(split('1'))).changes).toEqual([]);
    expect(apply(catalog, put(namespace('shop', 'other'))).changes).toEqual([]);
    expect(apply(catalog, put(namespace('shop', 'osm'))).changes.sort()).toEqual([
      '+namespace.=.shop',
      '+trafficSplit.shop.a',
    ]);
    expect(apply(catalog, put(namespace('shop', 'other'))).changes.sort()).toEqual([
      '-namespace.=.shop',
      '-trafficSplit.shop.a',
    ]);
    apply(catalog, put(namespace('shop', 'osm')));
    expect(apply(catalog, remove(namespace('shop', 'osm'))).changes).toHaveLength(2);
    expect(catalog.objects().size).toBe(1);
  });

  it('reports what differs in the catalog only', () => {
    const catalog = createMeshCatalog(scope);
    apply(catalog, put(namespace('shop', 'osm')), put(split('1')));
    expect(apply(catalog, put(split('1').replace('spec:', 'status: {x: 1}, spec:')))).toEqual({
      changes: [],
      told: {},
    });
    expect(apply(catalog, put(split('2')), put(split('1'))).changes).toEqual([]);
    expect(apply(catalog, put(split('3'))).changes).toEqual(['~trafficSplit.shop.a']);
    expect(apply(catalog, put(split('3', 'b')), remove(split('3'))).changes).toEqual([
      '+trafficSplit.shop.b',
      '-trafficSplit.shop.a',
    ]);
  });

  it('has settings from the MeshConfig while there is one', () => {
    const catalog = createMeshCatalog(scope);
    expect(apply(catalog, put(config('false'))).changes).toEqual([]);
    expect(apply(catalog, put(config('true'))).changes).toEqual(['~meshSettings.=.=']);
    expect(catalog.objects().get('meshSettings.=.=')).toMatchObject({
      value: { permissive: true },
    });
    expect(apply(catalog, remove(config('true'))).changes).toEqual(['~meshSettings.=.=']);
    expect(catalog.objects().get('meshSettings.=.=')).toMatchObject({
      value: { permissive: false },
    });
  });

  it('keeps the version before when a new one is refused, as an API server would', () => {
    const catalog = createMeshCatalog(scope);
    apply(catalog, put(namespace('shop', 'osm')), put(split('1')));
    const id = 'split.smi-spec.io/TrafficSplit/shop/a';
    expect(apply(catalog, put(split('x')))).toEqual({
      changes: [],
      told: { [id]: ['wrong_type'] },
    });
    const delta = catalog.apply([put(split('y'))]);
    expect(delta.changes).toEqual([]);
    expect(delta.diagnostics.get(id)?.[0]?.message).toMatch(
      /\. The version before stays in force$/,
    );
    expect(apply(catalog, put(split('2')))).toEqual({
      changes: ['~trafficSplit.shop.a'],
      told: { [id]: [] },
    });
    expect(apply(catalog, put(split('x', 'new'))).changes).toEqual([]);
  });

  it('speaks of objects in the mesh, and outside of it only of policy', () => {
    const catalog = createMeshCatalog(scope);
    const serviceId = '/Service/shop/s';
    const splitId = 'split.smi-spec.io/TrafficSplit/shop/a';
    expect(apply(catalog, put(service('shop')), put(split('1'))).told).toEqual({
      [splitId]: ['namespace_not_in_mesh'],
    });
    expect(apply(catalog, put(namespace('shop', 'osm'))).told).toEqual({
      [serviceId]: ['unknown_protocol'],
      [splitId]: [],
    });
    expect(apply(catalog, remove(service('shop'))).told).toEqual({ [serviceId]: [] });
  });

  it('finds the place of an object', () => {
    const catalog = createMeshCatalog(scope);
    apply(catalog, put(split('1')));
    const ref = { kind: 'TrafficSplit', namespace: 'shop', name: 'a' };
    expect(catalog.locate(ref)).toEqual({ ...ref, file: 'm.yaml', line: 1 });
    expect(catalog.locate({ ...ref, name: 'b' })).toBeUndefined();
  });

  it('is the same after any sequence of changes as from scratch, to the byte', () => {
    const objects = [
      namespace('shop', 'osm'),
      namespace('shop', 'other'),
      namespace('bar', 'osm'),
      split('1'),
      split('2'),
      split('1', 'a', 'bar'),
      service('shop'),
      service('bar'),
      config('true'),
      config('false'),
    ];
    const change = fc.record({ object: fc.constantFrom(...objects), gone: fc.boolean() });
    const bytes = (objects: ReadonlyMap<string, CatalogValue>): readonly string[] =>
      [...objects].map(([key, kind]) => `${key} ${encode(kind)}`).sort();
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 10 }), (batches) => {
        const live = createMeshCatalog(scope);
        const told = new Map<string, CatalogValue>(live.objects());
        const last = new Map<string, ObjectChange>();
        for (const batch of batches) {
          const changes = batch.map(({ object, gone }) => (gone ? remove(object) : put(object)));
          for (const item of changes) last.set(item.id, item);
          for (const item of live.apply(changes).changes) {
            if (item.kind === 'put') told.set(item.key, item.value);
            else told.delete(item.key);
          }
        }
        const fresh = createMeshCatalog(scope);
        fresh.apply([...last.values()].reverse());
        expect(bytes(live.objects())).toEqual(bytes(fresh.objects()));
        expect(bytes(told)).toEqual(bytes(fresh.objects()));
      }),
    );
  });
});

function encode(kind: CatalogValue): string {
  return CatalogObject.encode({ kind: kind as NonNullable<CatalogObject['kind']> })
    .finish()
    .join(' ');
}
