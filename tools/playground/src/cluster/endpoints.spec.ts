import { describe, expect, it } from 'vitest';
import { endpointSlices, rulesOfService, type EndpointPod } from './endpoints.ts';
import type { ServiceSpec } from './service-spec.ts';

function pod(name: string, more: Partial<EndpointPod> = {}): EndpointPod {
  return {
    namespace: 'shop',
    name,
    ip: `10.0.0.${name.length}`,
    labels: new Map([['app', 'web']]),
    ready: true,
    hostname: '',
    subdomain: '',
    namedPorts: new Map([['web', 8080]]),
    ...more,
  };
}

function service(more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    namespace: 'shop',
    name: 'web',
    kind: 'ClusterIP',
    wantedAddress: undefined,
    selector: new Map([['app', 'web']]),
    ports: [
      { name: 'http', port: 80, protocol: 'tcp', target: 'web' },
      { name: 'raw', port: 90, protocol: 'tcp', target: 9000 },
    ],
    publishNotReady: false,
    externalName: '',
    body: {},
    ...more,
  };
}

describe('endpointSlices', () => {
  it('lists ready pods that the selector selects', () => {
    const pods = [
      pod('a'),
      pod('bb', { ready: false }),
      pod('ccc', { labels: new Map([['app', 'other']]) }),
      pod('dddd', { namespace: 'elsewhere' }),
    ];
    const slices = endpointSlices(service(), pods);
    expect(slices).toHaveLength(1);
    expect(slices[0]).toMatchObject({
      metadata: { name: 'web', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'raw', port: 9000, protocol: 'TCP' },
      ],
      endpoints: [{ addresses: ['10.0.0.1'], targetRef: { name: 'a' } }],
    });
  });

  it('has a slice for each set of port numbers', () => {
    const slices = endpointSlices(service(), [
      pod('a'),
      pod('bb', { namedPorts: new Map([['web', 8081]]) }),
    ]);
    expect(slices.map((slice) => slice['metadata'])).toMatchObject([
      { name: 'web' },
      { name: 'web-1' },
    ]);
  });

  it('lists pods that are not ready where the service wants it', () => {
    expect(
      endpointSlices(service({ publishNotReady: true }), [pod('a', { ready: false })]),
    ).toHaveLength(1);
  });

  it('has nothing for a service without selector, or of type ExternalName', () => {
    expect(endpointSlices(service({ selector: new Map() }), [pod('a')])).toEqual([]);
    expect(endpointSlices(service({ kind: 'ExternalName' }), [pod('a')])).toEqual([]);
  });
});

describe('rulesOfService', () => {
  it('leads each port to the pods that have its target', () => {
    const rules = rulesOfService(service(), '10.9.9.9', [
      pod('a'),
      pod('bb', { namedPorts: new Map() }),
    ]);
    expect(rules.map((rule) => [rule.port, rule.endpoints.length])).toEqual([
      [80, 1],
      [90, 2],
    ]);
  });
});
