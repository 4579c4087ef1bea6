import { describe, expect, it } from 'vitest';
import { parseSpec, type ParsedOne } from '../../testing/parse-one.ts';
import { serviceProtocol } from './service-protocol.ts';

const service = (spec: string): ParsedOne => parseSpec('v1', 'Service', spec);

describe('Service', () => {
  it('is reduced to addresses, selector and ports, sorted', () => {
    expect(
      service(`
  type: LoadBalancer
  externalTrafficPolicy: Local
  clusterIP: 10.0.0.2
  clusterIPs: [10.0.0.2, fd00::2]
  selector: {b: x, a: y}
  ports:
  - {name: tcp-db, port: 3306, targetPort: db, nodePort: 30000}
  - {name: http, port: 80, protocol: TCP}
  - {name: dns, port: 53, protocol: UDP}
  - {name: sctp, port: 54, protocol: SCTP}
`),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'x',
        clusterIps: ['10.0.0.2', 'fd00::2'],
        headless: false,
        selector: [
          { key: 'a', value: 'y' },
          { key: 'b', value: 'x' },
        ],
        ports: [
          { name: 'http', port: 80, targetPort: 80, targetPortName: '', protocol: 'http' },
          {
            name: 'tcp-db',
            port: 3306,
            targetPort: 0,
            targetPortName: 'db',
            protocol: 'tcp-server-first',
          },
        ],
        externalName: '',
      },
      told: [],
      refused: false,
    });
  });

  it('is headless with clusterIP None, and has no address before one is given', () => {
    expect(service('{clusterIP: None}').value).toMatchObject({ headless: true, clusterIps: [] });
    expect(service('{ports: [{port: 80}]}').value).toMatchObject({
      headless: false,
      clusterIps: [],
    });
  });

  it('selects nothing and has no address as ExternalName', () => {
    expect(
      service('{type: ExternalName, externalName: a.b, selector: {a: b}}').value,
    ).toMatchObject({
      selector: [],
      clusterIps: [],
      headless: false,
      ports: [],
      externalName: 'a.b',
    });
  });

  it.each([
    ['{ports: [{port: 80}, {name: a, port: 81}]}', 'ports[0].name is required when there are'],
    ['{ports: [{name: a, port: 80}, {name: a, port: 81}]}', 'ports[1].name repeats a;'],
    ['{ports: [{name: a, port: 80}, {name: b, port: 80}]}', 'ports[1].port repeats 80/TCP;'],
    [
      '{ports: [{port: "80"}]}',
      'ports[0].port must be a whole number, not the text "80": take the',
    ],
    ['{ports: [{port: 0}]}', 'ports[0].port must be a whole number from 1 to 65535, not 0'],
    ['{ports: [{port: 80, targetPort: "8080"}]}', 'ports[0].targetPort must have a letter'],
    ['{ports: [{port: 80, targetPort: 70000}]}', 'ports[0].targetPort must be a whole number'],
    ['{ports: [{port: 80, targetPort: [1]}]}', 'ports[0].targetPort must be a port or the name'],
    ['{ports: [{port: 80, protocol: tcp}]}', 'protocol must not be the text "tcp"; write TCP'],
    ['{ports: {port: 80}}', 'ports must be a list, not a map'],
    ['{selector: [a]}', 'selector must be a map, not a list'],
    ['null', 'spec is required'],
  ])('refuses %s', (spec, message) => {
    const { value, told, refused } = service(spec);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toEqual([expect.stringContaining(message)]);
  });

  it('may have one port for TCP and for UDP', () => {
    expect(
      service('{ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}').value,
    ).toMatchObject({ ports: [{ port: 53 }] });
  });

  it.each(['https', 'https-web', 'wss', 'HTTPS'])('tells that %s is a name only', (name) => {
    expect(service(`{ports: [{name: ${name}, port: 443}]}`)).toMatchObject({
      value: { ports: [{ protocol: 'http' }] },
      told: [expect.stringContaining('tls_undeclared: Service shop/x: spec.ports[0].appProtocol')],
    });
    expect(service(`{ports: [{name: ${name}, port: 443, appProtocol: http}]}`).told).toEqual([]);
  });

  it('tells what it makes of TLS and of protocols it does not know', () => {
    expect(service('{ports: [{port: 443, appProtocol: https}]}')).toMatchObject({
      value: { ports: [{ protocol: 'tcp' }] },
      told: [
        expect.stringContaining('tls_as_tcp: Service shop/x: spec.ports[0].appProtocol is https'),
      ],
    });
    expect(service('{ports: [{port: 6379, appProtocol: Quic}]}')).toMatchObject({
      value: { ports: [{ protocol: 'Quic' }] },
      told: [expect.stringContaining('unknown_protocol: ')],
    });
    expect(service('{ports: [{name: client, port: 3306}]}')).toMatchObject({
      value: { ports: [{ protocol: 'tcp-server-first' }] },
      told: [
        expect.stringMatching(
          /protocol_inferred: .*: port 3306, client, is taken as tcp-server-first/,
        ),
      ],
    });
  });
});

describe('serviceProtocol', () => {
  it.each([
    ['', '', 'http'],
    ['', 'http', 'http'],
    ['', 'http-x', 'http'],
    ['', 'web', 'http'],
    ['', 'tcp', 'http'],
    ['', 'tcp-', 'tcp'],
    ['', 'tcp-x', 'tcp'],
    ['', 'tcpx', 'http'],
    ['', 'grpc', 'http'],
    ['', 'grpc-x', 'grpc'],
    ['', 'tcp-server-first', 'tcp'],
    ['', 'tcp-server-first-x', 'tcp-server-first'],
    ['', 'https-x', 'http'],
    ['tcp', 'http-x', 'tcp'],
    ['http', 'tcp-x', 'http'],
    ['HTTP', 'tcp-x', 'http'],
    ['TCP', '', 'tcp'],
    ['gRPC', '', 'grpc'],
    ['tcp-server-first', '', 'tcp-server-first'],
    ['kubernetes.io/h2c', '', 'http'],
    ['kubernetes.io/ws', '', 'http'],
    ['https', 'http-x', 'tcp'],
    ['kubernetes.io/wss', '', 'tcp'],
    ['constructor', '', 'constructor'],
    ['MySQL', '', 'tcp-server-first'],
    ['smtp', 'http-x', 'tcp-server-first'],
    ['redis', '', 'tcp'],
    ['postgresql', '', 'tcp'],
  ])('appProtocol %j on a port named %j is %s', (appProtocol, name, protocol) => {
    expect(serviceProtocol({ appProtocol, name, port: 80 }).protocol).toBe(protocol);
  });

  it.each([
    ['mysql', 80, 'tcp-server-first'],
    ['ssh', 2222, 'tcp-server-first'],
    ['postgres', 80, 'tcp'],
    ['mysql-metrics', 9104, 'http'],
    ['client', 3306, 'tcp-server-first'],
    ['', 25, 'tcp-server-first'],
    ['', 5432, 'tcp'],
    ['tcp', 6379, 'tcp'],
    ['http', 3306, 'http'],
    ['https', 3306, 'http'],
    ['grpc', 6379, 'http'],
    ['', 9092, 'http'],
  ])('a port that does not say it, named %j, number %i, is %s', (name, port, protocol) => {
    expect(serviceProtocol({ appProtocol: '', name, port }).protocol).toBe(protocol);
  });

  it.each([
    ['', 'tcp-db', 3306, 'tcp-server-first'],
    ['tcp', '', 25, 'tcp-server-first'],
    ['tcp', '', 5432, 'tcp'],
    ['https', '', 3306, 'tcp'],
    ['http', '', 3306, 'http'],
    ['', 'http-x', 3306, 'http'],
  ])('appProtocol %j, name %j on the number %i is %s', (appProtocol, name, port, protocol) => {
    expect(serviceProtocol({ appProtocol, name, port }).protocol).toBe(protocol);
  });
});
