import { describe, expect, it } from 'vitest';
import { parseOne } from '../testing/parse-one.ts';

const object = (apiVersion: string, kind: string, name = 'x', namespace = 'shop'): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: ${name}, namespace: ${namespace}}}`;

describe('parseObject', () => {
  it.each([
    ['apps/v1', 'Deployment'],
    ['v1', 'Secret'],
    ['v1', 'ConfigMap'],
    ['v1', 'Node'],
    ['v1', 'Event'],
    ['apps/v1', 'StatefulSet'],
    ['example.io/v1', 'Pods'],
    ['serving.knative.dev/v1', 'Service'],
    ['constructor/v1', 'toString'],
  ])('ignores %s %s without a word', (apiVersion, kind) => {
    expect(parseOne(object(apiVersion, kind))).toEqual({
      value: undefined,
      told: [],
      refused: false,
    });
  });

  it.each([
    'policy.openservicemesh.io/v1alpha1 Egress',
    'policy.openservicemesh.io/v1alpha1 IngressBackend',
    'policy.openservicemesh.io/v1alpha1 Retry',
    'policy.openservicemesh.io/v1alpha1 UpstreamTrafficSetting',
    'policy.openservicemesh.io/v1alpha1 Telemetry',
    'config.openservicemesh.io/v1alpha2 MeshRootCertificate',
    'config.openservicemesh.io/v1alpha2 ExtensionService',
    'specs.smi-spec.io/v1alpha4 UDPRoute',
  ])('says that %s is not supported yet', (name) => {
    const [apiVersion = '', kind = ''] = name.split(' ');
    const { value, told, refused } = parseOne(object(apiVersion, kind));
    expect([value, refused]).toEqual([undefined, false]);
    expect(told).toEqual([
      expect.stringContaining(`unsupported_kind: ${kind} shop/x is not supported yet; `),
    ]);
  });

  it('tells of kinds that the mesh groups do not have, with what was meant', () => {
    expect(parseOne(object('access.smi-spec.io/v1alpha3', 'TraficTarget')).told).toEqual([
      'unknown_kind: TraficTarget shop/x is of no kind that access.smi-spec.io has; it is ignored; did you mean TrafficTarget?',
    ]);
    expect(parseOne(object('config.openservicemesh.io/v1', 'Whatever')).told).toEqual([
      'unknown_kind: Whatever shop/x is of no kind that config.openservicemesh.io has; it is ignored',
    ]);
  });

  it.each([
    ['apps/v1', 'Deploymnt', 'apps has; it is ignored; did you mean Deployment?'],
    ['v1', 'service', 'v1 has; it is ignored; did you mean Service?'],
    [
      'acces.smi-spec.io/v1alpha3',
      'TrafficTarget',
      'acces.smi-spec.io has; it is ignored; did you mean access.smi-spec.io?',
    ],
  ])('tells of %s %s, which looks misspelt', (apiVersion, kind, told) => {
    expect(parseOne(object(apiVersion, kind)).told).toEqual([
      `unknown_kind: ${kind} shop/x is of no kind that ${told}`,
    ]);
  });

  it('refuses versions that are not served', () => {
    expect(parseOne(object('split.smi-spec.io/v1', 'TrafficSplit'))).toEqual({
      value: undefined,
      told: [
        'unsupported_version: TrafficSplit shop/x has version v1, which is not served; use one of v1alpha4, v1alpha3, v1alpha2, v1alpha1',
      ],
      refused: true,
    });
  });

  it.each([
    ['Service', 'a.b', 'shop'],
    ['Service', 'A', 'shop'],
    ['ServiceAccount', 'a_b', 'shop'],
    ['ServiceAccount', 'a', 'my.shop'],
    ['Namespace', 'a.b', ''],
  ])('refuses the name of %s %s in %s', (kind, name, namespace) => {
    const { told, refused } = parseOne(object('v1', kind, name, namespace));
    expect(refused).toBe(true);
    expect(told).toEqual([expect.stringMatching(/^invalid_value: .*is not allowed/)]);
  });

  it('reads a service account', () => {
    expect(parseOne(object('v1', 'ServiceAccount', 'a.b')).value).toEqual({
      namespace: 'shop',
      name: 'a.b',
    });
  });
});
