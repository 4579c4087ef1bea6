import type { CatalogValue } from '@osm/model';
import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  service,
  settings,
  target,
  tcpRoute,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

// A service without selector, whose endpoints somebody else writes: a program that points at its leader, or a person.

const world = [
  namespace('n'),
  namespace('m'),
  pod('n/cli', { ip: '10.0.0.9' }),
  pod('n/db-0', { ip: '10.0.0.1', account: 'db' }),
  pod('n/db-1', { ip: '10.0.0.2', account: 'db' }),
  pod('m/far', { ip: '10.0.0.7' }),
  tcpRoute('n/db', [5432]),
  target('n/db', { to: 'n/db', from: ['n/cli'], tcp: ['db'] }),
];
const leader = service('n/leader', { ip: '10.96.0.1', ports: ['db:80 tcp'], selector: {} });
const at = (...ips: readonly string[]) => endpoints('n/leader', { ports: ['db:5432'], at: ips });
const permissive = settings({ permissive: true });

function compiled(...objects: readonly CatalogValue[]) {
  return compileMesh([...world, ...objects]);
}

function calls(mesh: ReturnType<typeof compileMesh>) {
  return mesh.outboundsOf('uuid-cli').flatMap((outbound) =>
    mesh.upstreamsOf(outbound).map(({ endpoints: ends, serverPrincipals }) => ({
      to: outbound.service.name,
      ends: ends.map(({ ip, port }) => `${ip}:${port}`),
      serverPrincipals,
    })),
  );
}

function inboundOf(mesh: ReturnType<typeof compileMesh>, uuid: string) {
  return mesh
    .workloadOf(uuid)
    .inbound.map(({ targetPort, serverNames }) => `${targetPort} ${serverNames.join(' ')}`);
}

function said(mesh: ReturnType<typeof compileMesh>, name: string) {
  const found = mesh.state.diagnostics.get(`Service n/${name}`);
  return found?.diagnostics.map(({ code }) => code) ?? [];
}

describe('endpoints that were written by hand', () => {
  it.each([
    ['by its name', '10.0.0.1=db-0'],
    ['by its address', '10.0.0.1'],
  ])('put a pod of the mesh behind the service, known %s', (_, address) => {
    const mesh = compiled(leader, at(address));
    expect(calls(mesh)).toEqual([
      { to: 'leader', ends: ['10.0.0.1:5432'], serverPrincipals: ['db.n.cluster.local'] },
    ]);
    expect(inboundOf(mesh, 'uuid-db-0')).toEqual(['5432 leader.n.svc.cluster.local']);
    expect(inboundOf(mesh, 'uuid-db-1')).toEqual([]);
  });

  it('move the service to another pod', () => {
    const mesh = compiled(leader, at('10.0.0.1'));
    mesh.apply([put(at('10.0.0.2'))]);
    expect(calls(mesh)).toMatchObject([{ ends: ['10.0.0.2:5432'] }]);
    expect(inboundOf(mesh, 'uuid-db-0')).toEqual([]);
    expect(inboundOf(mesh, 'uuid-db-1')).toEqual(['5432 leader.n.svc.cluster.local']);
  });

  it('count only where they are pods of the mesh, also in permissive mode, and the rest is told of', () => {
    for (const mode of [settings(), permissive]) {
      const mesh = compiled(mode, leader, at('10.0.0.1', '10.7.7.7'));
      expect(calls(mesh)).toMatchObject([{ ends: ['10.0.0.1:5432'] }]);
      expect(said(mesh, 'leader')).toEqual(['endpoints_outside_mesh']);
    }
  });

  it.each([
    ['outside the mesh', '10.7.7.7'],
    ['in another namespace', '10.0.0.7'],
  ])('make no service of the mesh when all are %s', (_, address) => {
    const mesh = compiled(permissive, leader, at(address));
    expect(mesh.outboundsOf('uuid-cli')).toEqual([]);
    expect(said(mesh, 'leader')).toEqual(['service_outside_mesh']);
    const open = compiled(settings({ permissive: true, egress: true }), leader, at(address));
    expect(said(open, 'leader')).toEqual([]);
    expect(compiled(leader, at(address)).workloadOf('uuid-cli').outbound.kind).toBe('nothing');
  });

  it('do not count for an ExternalName service', () => {
    const alias = service('n/leader', { externalName: 'db.example', selector: {}, ports: [] });
    const mesh = compiled(alias, at('10.0.0.1'));
    expect(inboundOf(mesh, 'uuid-db-0')).toEqual([]);
  });
});
