import type { CatalogValue } from '@osm/model';
import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  remove,
  routeGroup,
  service,
  serviceAccount,
  settings,
  target,
  tcpRoute,
  trafficSplit,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';
import { policyDiagnosticCodes } from './diagnostics.ts';

/** A mesh with nothing to complain about. */
const world = [
  namespace('n'),
  pod('n/cli'),
  service('n/s', { ports: ['80->8080'] }),
  pod('n/s', { ip: '10.0.0.1', namedPorts: { web: 8080 } }),
  service('n/db', { ports: ['5432->5432 tcp'] }),
  pod('n/db', { ip: '10.0.0.2' }),
  endpoints('n/s', { at: ['10.0.0.1=s'] }),
  routeGroup('n/g', { all: { path: '.*' } }),
  tcpRoute('n/p5432', [5432]),
  target('n/s', { to: 'n/s', from: ['n/cli'], http: ['g:all'] }),
  target('n/db', { to: 'n/db', from: ['n/cli'], tcp: ['p5432'] }),
];

function diagnosticsOf(...objects: readonly CatalogValue[]) {
  const { state } = compileMesh([...world, ...objects]);
  return [...state.diagnostics.values()].flatMap(({ diagnostics }) => diagnostics);
}

const from = ['n/cli'];

const cases: readonly [keyof typeof policyDiagnosticCodes, string, string, CatalogValue[]][] = [
  ['no_rules', 'TrafficTarget n/x', 'add a rule', [target('n/x', { to: 'n/s', from })]],
  [
    'route_group_missing',
    'TrafficTarget n/x',
    'HTTPRouteGroup n/no does not exist',
    [target('n/x', { to: 'n/s', from, http: ['no:a'] })],
  ],
  [
    'route_match_missing',
    'TrafficTarget n/x',
    'HTTPRouteGroup n/g has no match nix',
    [target('n/x', { to: 'n/s', from, http: ['g:all,nix'] })],
  ],
  [
    'matches_omitted',
    'TrafficTarget n/x',
    'add matches: all',
    [target('n/x', { to: 'n/s', from, http: ['g'] })],
  ],
  [
    'tcp_route_missing',
    'TrafficTarget n/x',
    'TCPRoute n/no does not exist',
    [target('n/x', { to: 'n/db', from, tcp: ['no'] })],
  ],
  [
    'ports_without_effect',
    'TrafficTarget n/x',
    'name the ports 80, but the pods of service account db serve TCP on 5432',
    [tcpRoute('n/p80', [80]), target('n/x', { to: 'n/db', from, tcp: ['p80'] })],
  ],
  [
    'ports_without_effect',
    'TrafficTarget n/x',
    'serve HTTP on 8080',
    [target('n/x', { to: 'n/s', from, http: ['g:all'], tcp: ['p5432'] })],
  ],
  [
    'rules_without_port',
    'TrafficTarget n/x',
    'serve TCP only, on 5432',
    [target('n/x', { to: 'n/db', from, http: ['g:all'] })],
  ],
  [
    'rules_without_port',
    'TrafficTarget n/x',
    'serve HTTP only, on 8080',
    [tcpRoute('n/p8080', [8080]), target('n/x', { to: 'n/s', from, tcp: ['p8080'] })],
  ],
  [
    'account_unknown',
    'TrafficTarget n/x',
    'its source m/who is no service account in the mesh',
    [target('n/x', { to: 'n/s', from: ['m/who'], http: ['g:all'] })],
  ],
  [
    'port_protocol_conflict',
    'Service n/x',
    'ports 80 (http) and 81 (tcp) lead to target port 8080',
    [service('n/x', { ports: ['a:80->8080', 'b:81->8080 tcp'] })],
  ],
  [
    'named_port_missing',
    'Service n/x',
    'port 80 leads to the container port admin',
    [service('n/x', { ports: ['80->admin'], selector: { app: 's' } })],
  ],
  [
    'address_shared',
    'Service n/y',
    'the same address and port 80 as Service n/x',
    [service('n/x', { ip: '10.96.9.9' }), service('n/y', { ip: '10.96.9.9' })],
  ],
  [
    'service_outside_mesh',
    'Service n/x',
    'set enableEgress in the MeshConfig',
    [service('n/x', { selector: {} }), endpoints('n/x', { at: ['10.7.7.7'] })],
  ],
  [
    'endpoints_outside_mesh',
    'Service n/x',
    'its endpoints 10.7.7.7 are no pods of the mesh',
    [service('n/x', { selector: {} }), endpoints('n/x', { at: ['10.7.7.7', '10.0.0.1'] })],
  ],
  [
    'split_ignored',
    'TrafficSplit n/y',
    'TrafficSplit n/x has the root service n/s too',
    [trafficSplit('n/x', 's', { s: 1 }), trafficSplit('n/y', 's', { s: 1 })],
  ],
  [
    'split_root_missing',
    'TrafficSplit n/x',
    'its root service n/no does not exist',
    [trafficSplit('n/x', 'no', { s: 1 })],
  ],
  [
    'split_root_without_pods',
    'TrafficSplit n/x',
    'its root service n/bare selects no pods',
    [service('n/bare'), trafficSplit('n/x', 'bare', { s: 1 })],
  ],
  [
    'split_backend_missing',
    'TrafficSplit n/x',
    'its backend n/no does not exist',
    [trafficSplit('n/x', 's', { s: 1, no: 1 })],
  ],
  [
    'split_backend_port_missing',
    'TrafficSplit n/x',
    'its backend n/db has no port 80',
    [trafficSplit('n/x', 's', { s: 1, db: 1 })],
  ],
  [
    'split_without_weight',
    'TrafficSplit n/x',
    'n/s answers 503',
    [trafficSplit('n/x', 's', { s: 0 })],
  ],
  [
    'split_backend_forbidden',
    'TrafficSplit n/x',
    'n/cli may call the root service n/s but no account behind its backend n/v2',
    [service('n/v2'), pod('n/v2', { ip: '10.0.0.3' }), trafficSplit('n/x', 's', { s: 1, v2: 1 })],
  ],
  [
    'proxy_shared',
    'Pod n/y',
    'is that of Pod n/x',
    [pod('n/x', { uuid: 'u' }), pod('n/y', { uuid: 'u' })],
  ],
];

describe('diagnostics', () => {
  it('are none for a mesh in order', () => {
    expect(diagnosticsOf()).toEqual([]);
    expect(diagnosticsOf(settings({ permissive: true }))).toEqual([]);
  });

  it.each(cases)('%s: %s', (code, subject, text, objects) => {
    const found = diagnosticsOf(...objects);
    expect(found.map((diagnostic) => diagnostic.code)).toEqual([code]);
    const [diagnostic] = found;
    expect(diagnostic?.message.startsWith(`${subject}: `)).toBe(true);
    expect(diagnostic?.message).toContain(text);
    const { kind, namespace: space, name } = diagnostic?.object ?? {};
    expect(`${kind} ${space}/${name}`).toBe(subject);
  });

  it('have a case here for every code', () => {
    const covered = new Set<string>(cases.map(([code]) => code));
    expect(Object.keys(policyDiagnosticCodes).filter((code) => !covered.has(code))).toEqual([]);
  });

  it('say nothing of a TCPRoute beside HTTP rules of other targets on other ports', () => {
    const both = service('n/both', { ports: ['80->8080', '9000 tcp'], selector: { app: 's' } });
    const tcp = target('n/x', { to: 'n/s', from, tcp: ['p9000'] });
    expect(diagnosticsOf(both, tcpRoute('n/p9000', [9000, 8080]), tcp)).toEqual([]);
  });

  it('know service accounts without pods', () => {
    const x = target('n/x', { to: 'n/s', from: ['n/job'], http: ['g:all'] });
    expect(diagnosticsOf(x, serviceAccount('n/job'))).toEqual([]);
  });

  it('go when the cause goes, and change with it', () => {
    const mesh = compileMesh(world);
    const split = trafficSplit('n/x', 'root', { s: 1 });
    const codes = ({ diagnosticPuts }: ReturnType<typeof mesh.apply>) =>
      diagnosticPuts.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code));
    expect(codes(mesh.apply([put(split)]))).toEqual(['split_root_missing']);
    expect(codes(mesh.apply([put(service('n/root'))]))).toEqual(['split_root_without_pods']);
    const fixed = mesh.apply([put(service('n/root', { selector: { app: 's' } }))]);
    expect(fixed.diagnosticDeletes).toMatchObject([
      { kind: 'TrafficSplit', namespace: 'n', name: 'x' },
    ]);
    expect(mesh.apply([remove(split)]).diagnosticDeletes).toEqual([]);
  });
});
