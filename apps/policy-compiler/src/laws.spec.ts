import { objectKey, type CatalogValue } from '@osm/model';
import type { CatalogChange } from '@osm/policy';
import type { Bundle } from '@osm/proto-mesh';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  endpoints,
  pod,
  puts,
  routes,
  service,
  settings,
  shop,
  target,
} from '../testing/catalog.ts';
import { createCompilation } from './compilation.ts';
import type { Publication } from './publisher.ts';

const object: fc.Arbitrary<CatalogValue> = fc.oneof(
  fc.boolean().map(settings),
  fc.constantFrom('/books', '/other', '.*').map(routes),
  fc
    .tuple(fc.constantFrom('buyer', 'store', 'thief'), fc.constantFrom('buyer', 'store', 'thief'))
    .map(([source, destination]) => target(source, destination)),
  fc.constantFrom('10.96.0.1', '10.96.0.2').map((ip) => service('store', ip)),
  fc.constantFrom('10.96.0.1', '10.96.0.3').map((ip) => service('thief', ip)),
  fc.subarray(['10.10.0.2', '10.10.0.4']).map((ips) => endpoints('store', ips)),
  fc.constantFrom('10.10.0.3', '10.10.0.5').map((ip) => pod('thief', ip)),
);

const change: fc.Arbitrary<CatalogChange> = fc
  .tuple(object, fc.boolean())
  .map(([value, remove]) =>
    remove && value.$case !== 'meshSettings'
      ? { kind: 'delete', key: objectKey(value) }
      : { kind: 'put', key: objectKey(value), value },
  );

/** Applies what was published to maps, in the order of writing; fails when an order is broken. */
function createReader() {
  const bundles = new Map<string, Bundle>();
  const assignments = new Map<string, string>();
  return {
    apply: (publication: Publication): void => {
      for (const [key, bundle] of publication.bundlePuts) {
        for (const include of bundle.includes) expect(bundles.has(include)).toBe(true);
        bundles.set(key, bundle);
      }
      for (const [uuid, { bundle }] of publication.assignmentPuts) {
        expect(bundles.has(bundle)).toBe(true);
        assignments.set(uuid, bundle);
      }
      for (const uuid of publication.assignmentDeletes) assignments.delete(uuid);
      for (const key of publication.bundleDeletes) {
        expect([...assignments.values()]).not.toContain(key);
        bundles.delete(key);
      }
      for (const key of publication.bundleDeletes) {
        for (const { includes } of bundles.values()) expect(includes).not.toContain(key);
      }
    },
    bundles,
    assignments,
  };
}

it('what was published in steps is what a fresh start publishes', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }), (batches) => {
      const stepwise = createCompilation();
      const reader = createReader();
      const catalog = new Map<string, CatalogValue>();
      for (const batch of [puts(...shop), ...batches]) {
        reader.apply(stepwise.apply(batch).publication);
        for (const one of batch) {
          if (one.kind === 'put') catalog.set(one.key, one.value);
          else catalog.delete(one.key);
        }
      }
      const fresh = createCompilation();
      fresh.apply(puts(...catalog.values()));
      const expected = fresh.contents();
      expect(new Map(reader.bundles)).toEqual(new Map(expected.bundlePuts));
      expect([...reader.assignments].sort()).toEqual(
        expected.assignmentPuts.map(([uuid, { bundle }]) => [uuid, bundle]),
      );
      expect(new Map(stepwise.contents().diagnosticPuts)).toEqual(new Map(expected.diagnosticPuts));
    }),
    { numRuns: 50 },
  );
});
