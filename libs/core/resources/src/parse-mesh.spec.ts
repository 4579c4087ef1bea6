import { describe, expect, it } from 'vitest';
import { scope } from '../testing/parse-one.ts';
import { resourceDiagnosticCodes } from './diagnostic-codes.ts';
import { parseMesh } from './parse-mesh.ts';

const mesh = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {openservicemesh.io/monitored-by: osm}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
`;
const outside = `apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: elsewhere}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: r, namespace: shop}
spec: {matches: {port: [80]}}
`;

describe('parseMesh', () => {
  const files = [
    { file: 'b.yaml', text: outside },
    { file: 'a.yaml', text: `${mesh}---\n[` },
  ];

  it('makes the catalog of all files, sorted by key', () => {
    expect([...parseMesh(files, scope).objects.keys()]).toEqual([
      'meshSettings.=.=',
      'namespace.=.shop',
      'serviceAccount.shop.web',
    ]);
  });

  it('tells what is wrong in the order of files and lines', () => {
    const { diagnostics } = parseMesh(files, scope);
    expect(
      diagnostics.map(({ code, object }) => `${object?.file}:${object?.line} ${code}`),
    ).toEqual(['a.yaml:9 invalid_yaml', 'b.yaml:5 unknown_field', 'b.yaml:5 missing_field']);
    for (const { code } of diagnostics) expect(resourceDiagnosticCodes).toHaveProperty(code);
  });

  it('does not depend on the order of files', () => {
    expect(parseMesh([...files].reverse(), scope)).toEqual(parseMesh(files, scope));
  });
});
