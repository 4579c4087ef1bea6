import { describe, expect, it } from 'vitest';
import { parseOne, type ParsedOne } from '../../testing/parse-one.ts';

const slice = (fields: string, labels = 'kubernetes.io/service-name: web'): ParsedOne =>
  parseOne(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {${labels}}}
${fields}
`);

describe('EndpointSlice', () => {
  it('keeps ready addresses with their pods, and TCP ports', () => {
    expect(
      slice(`
addressType: IPv4
ports:
- {name: http, port: 8080, protocol: TCP}
- {name: dns, port: 53, protocol: UDP}
- {port: null}
endpoints:
- {addresses: [10.1.0.9], conditions: {ready: true}, hostname: web-0, targetRef: {kind: Pod, name: web-0}}
- {addresses: [10.1.0.10, 10.1.0.11], conditions: {}, nodeName: n}
- {addresses: [10.1.0.5], targetRef: {kind: Node, name: n}}
- {addresses: [10.1.0.6], conditions: {ready: false, serving: true, terminating: true}}
`),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'web-1',
        service: 'web',
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [
          { ip: '10.1.0.10', hostname: '', pod: '' },
          { ip: '10.1.0.11', hostname: '', pod: '' },
          { ip: '10.1.0.5', hostname: '', pod: '' },
          { ip: '10.1.0.9', hostname: 'web-0', pod: 'web-0' },
        ],
      },
      told: [],
      refused: false,
    });
  });

  it('means nothing without a service, or with names instead of addresses', () => {
    expect(slice('addressType: IPv4', '').value).toBeUndefined();
    expect(slice('addressType: FQDN').value).toBeUndefined();
  });

  it('may be empty', () => {
    expect(slice('addressType: IPv4\nendpoints: null\nports: null').value).toMatchObject({
      endpoints: [],
      ports: [],
    });
  });

  it('refuses endpoints without addresses', () => {
    expect(slice('addressType: IPv4\nendpoints: [{}]')).toMatchObject({
      refused: true,
      told: ['missing_field: EndpointSlice shop/web-1: endpoints[0].addresses is required'],
    });
  });
});
