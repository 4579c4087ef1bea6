import { reviewObject, type AdmissionWorld } from '@osm/admission';
import { describe, expect, it } from 'vitest';
import { osmManifests } from '../../testing/manifests.ts';

const nothing: AdmissionWorld = {
  scope: { meshName: 'osm', meshNamespace: 'osm-system', trustDomain: 'cluster.local' },
  object: () => undefined,
  objects: () => [],
  written: () => [],
};

describe('the validator takes what users of OSM have', () => {
  it.each(osmManifests())('$id', ({ ref, raw }) => {
    const { refusals } = reviewObject({ ref, object: raw, before: undefined }, nothing);
    expect(refusals).toEqual([]);
  });
});
