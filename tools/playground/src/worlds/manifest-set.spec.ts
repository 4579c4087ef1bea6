import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManifestSet, mergePatch } from './manifest-set.ts';

describe('a set of manifests', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'osm-manifest-set-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const files = (): string[] => readdirSync(directory).sort();
  const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const service = (name: string, port: number): string =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: a}\nspec: {ports: [{port: ${port}}]}\n`;

  it('has a file per object, replaced by the same object and removed with it', () => {
    const set = new ManifestSet(directory);
    expect(set.apply(`${service('x', 80)}---\n${service('y', 80)}`)).toEqual([]);
    expect(set.apply(service('x', 81))).toEqual([]);
    expect(files()).toEqual(['service.a.x.yaml', 'service.a.y.yaml']);
    expect(read('service.a.x.yaml')).toMatchObject({ spec: { ports: [{ port: 81 }] } });
    set.delete(['svc', '-n', 'a', 'x']);
    expect(files()).toEqual(['service.a.y.yaml']);
    set.clear();
    expect(files()).toEqual([]);
  });

  it('says what is no object, and writes the others', () => {
    const set = new ManifestSet(directory);
    expect(set.apply(`kind: Odd\n---\n${service('x', 80)}`)).toHaveLength(1);
    expect(files()).toEqual(['service.a.x.yaml']);
  });

  it('patches the settings of the mesh', () => {
    const set = new ManifestSet(directory);
    set.patchMeshConfig({ traffic: { enableEgress: false, x: 1 } });
    set.patchMeshConfig({ traffic: { enableEgress: true, x: null } });
    expect(read('meshconfig.osm-system.osm-mesh-config.yaml')).toMatchObject({
      apiVersion: 'config.openservicemesh.io/v1alpha2',
      spec: { traffic: { enableEgress: true } },
    });
  });

  it('restarts a Deployment by its template', () => {
    const set = new ManifestSet(directory);
    const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: a}\n';
    set.apply(`${deployment}spec: {template: {spec: {containers: []}}}\n`);
    const before = read('deployment.a.d.yaml');
    set.restart('a', 'd', 'now');
    expect(read('deployment.a.d.yaml')).not.toEqual(before);
    expect(() => set.restart('a', 'none', 'now')).toThrow('Deployment a/none');
  });
});

describe('a JSON merge patch', () => {
  it('merges maps, replaces the rest, removes with null', () => {
    expect(mergePatch({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, d: null })).toEqual({
      a: { b: 1, c: [3] },
    });
    expect(mergePatch(1, { a: { b: null } })).toEqual({ a: {} });
  });
});
