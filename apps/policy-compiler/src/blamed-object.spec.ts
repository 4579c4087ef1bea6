import { encodeKey } from '@osm/model';
import { describe, expect, it } from 'vitest';
import { blamedObject } from './blamed-object.ts';

describe('the object behind a unit', () => {
  it.each([
    [['cluster', 'shop', 'store', '8080', 'all'], 'Service shop/store'],
    [['cluster', 'shop', 'hs-0.hs', '8080', 'all'], 'Service shop/hs'],
    [['outbound', 'shop', 'hs-0.hs', '80', 'all'], 'Service shop/hs'],
    [['workload', 'shop', 'team.buyer', '0123456789abcdef'], 'ServiceAccount shop/team.buyer'],
    [['capture', 'all'], 'MeshConfig /osm-mesh-config'],
    [['scope', 'permissive'], 'MeshConfig /osm-mesh-config'],
  ])('%j: %s', (parts, wanted) => {
    const { kind, namespace, name } = blamedObject(encodeKey(parts));
    expect(`${kind} ${namespace}/${name}`).toBe(wanted);
  });
});
