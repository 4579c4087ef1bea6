import type { CatalogValue } from '@osm/model';
import { compileMesh, namespace, pod, service } from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

/** Where the calls of services arrive: `PORT PROTOCOL: services`. */
function inboundOf(...objects: readonly CatalogValue[]) {
  const { inbound } = compileMesh([namespace('n'), ...objects]).workloadOf('uuid-p');
  return inbound.map(({ targetPort, protocol, serverNames }) => {
    const names = serverNames.map((name) => name.replace('.svc.cluster.local', ''));
    return `${targetPort} ${protocol}: ${names.join(' ')}`;
  });
}

const over = (ports: readonly string[]) => ({ selector: { app: 'p' }, ports });

describe('inbound', () => {
  it('has all services of a pod by target port', () => {
    expect(
      inboundOf(
        pod('n/p'),
        service('n/one', over(['80->8080'])),
        service('n/alias', over(['80->8080'])),
        service('n/two', over(['80->8081', '9000->9000 tcp'])),
      ),
    ).toEqual(['8080 http: alias.n one.n', '8081 http: two.n', '9000 tcp: two.n']);
  });

  it('has a service with two ports for one target port once', () => {
    expect(inboundOf(pod('n/p'), service('n/s', over(['one:80->8080', 'two:81->8080'])))).toEqual([
      '8080 http: s.n',
    ]);
  });

  it('serves HTTP and gRPC of one target port together, and TCP apart', () => {
    expect(
      inboundOf(
        pod('n/p'),
        service('n/h', over(['80->8080'])),
        service('n/g', over(['80->8080 grpc'])),
        service('n/t', over(['80->8080 tcp'])),
        service('n/f', over(['80->8080 tcp-server-first'])),
      ),
    ).toEqual(['8080 http: g.n h.n', '8080 tcp: f.n t.n']);
  });

  it.each([
    ['grpc', 'grpc'],
    ['tcp-server-first', 'tcp-server-first'],
  ])('keeps %s where it is alone', (protocol, expected) => {
    expect(inboundOf(pod('n/p'), service('n/s', over([`80->8080 ${protocol}`])))).toEqual([
      `8080 ${expected}: s.n`,
    ]);
  });

  it('serves HTTP where one service has both HTTP and TCP on a target port', () => {
    const ports = ['one:80->9000 tcp', 'two:81->9000 http'];
    expect(inboundOf(pod('n/p'), service('n/s', over(ports)))).toEqual(['9000 http: s.n']);
  });

  it('leaves out ports of unknown protocol, and the rest works', () => {
    expect(inboundOf(pod('n/p'), service('n/s', over(['80->80 odd', '81->81'])))).toEqual([
      '81 http: s.n',
    ]);
  });

  it('looks up named ports in the pod, and leaves out those it does not have', () => {
    expect(
      inboundOf(
        pod('n/p', { namedPorts: { web: 8085 } }),
        service('n/s', over(['80->web', '81->missing'])),
      ),
    ).toEqual(['8085 http: s.n']);
  });

  it('takes the service port where no target port is given', () => {
    expect(inboundOf(pod('n/p'), service('n/s', over(['8088'])))).toEqual(['8088 http: s.n']);
  });

  it.each([
    ['no label of the selector', { app: 'other' }],
    ['a part of the selector only', { app: 'p', tier: 'x' }],
    ['an empty selector', {}],
  ])('does not have services that match %s', (_, selector) => {
    expect(inboundOf(pod('n/p'), service('n/s', { selector }))).toEqual([]);
  });

  it('does not have services of other namespaces, or outside the mesh', () => {
    expect(
      inboundOf(
        namespace('m'),
        pod('n/p'),
        service('m/s', over(['80'])),
        service('o/s', over(['80'])),
      ),
    ).toEqual([]);
  });
});
