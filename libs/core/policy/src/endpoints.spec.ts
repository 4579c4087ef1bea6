import type { CatalogValue } from '@osm/model';
import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  routeGroup,
  service,
  settings,
  target,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

/** A client that may call the accounts `s` and `t`. */
const world = [
  namespace('n'),
  pod('n/cli', { ip: '10.0.0.9' }),
  pod('n/s-0', { ip: '10.0.0.1', account: 's' }),
  pod('n/s-1', { ip: '10.0.0.2', account: 's' }),
  routeGroup('n/g', { all: { path: '.*' } }),
  target('n/s', { to: 'n/s', from: ['n/cli'], http: ['g:all'] }),
  target('n/t', { to: 'n/t', from: ['n/cli'], http: ['g:all'] }),
];

/** What the client dials and where it gets: `service addresses -> endpoints`. */
function callsOf(mesh: ReturnType<typeof compileMesh>) {
  return mesh.outboundsOf('uuid-cli').map((outbound) => {
    const { name } = outbound.service;
    const ends = mesh.upstreamsOf(outbound).flatMap((upstream) => upstream.endpoints);
    const from = outbound.addresses.map((ip) => `${ip}:${outbound.port}`).join(' ');
    return `${name} ${from} -> ${ends.map(({ ip, port }) => `${ip}:${port}`).join(' ')}`;
  });
}

function calls(...objects: readonly CatalogValue[]) {
  return callsOf(compileMesh([...world, ...objects]));
}

const s = service('n/s', { ip: '10.96.0.1' });
const headless = service('n/s', { headless: true, ports: ['8080'] });

describe('endpoints', () => {
  it('come from all slices of the service, sorted, each once', () => {
    expect(
      calls(
        s,
        endpoints('n/s', { slice: 'x', at: ['10.0.0.2=s-1'] }),
        endpoints('n/s', { slice: 'y', at: ['10.0.0.1=s-0', '10.0.0.2=s-1'] }),
      ),
    ).toEqual(['s 10.96.0.1:80 -> 10.0.0.1:8080 10.0.0.2:8080']);
  });

  it.each([
    ['without a pod of the mesh vanish', ['10.0.0.1=s-0', '10.7.7.7', '10.0.0.3=gone']],
    ['of other accounts vanish', ['10.0.0.1=s-0', '10.0.0.9=cli']],
    ['without a pod name are known by their address', ['10.0.0.1', '10.0.0.9']],
  ])('%s under enforced policy', (_, at) => {
    expect(calls(s, endpoints('n/s', { at }))).toEqual(['s 10.96.0.1:80 -> 10.0.0.1:8080']);
  });

  it('remain in permissive mode, whoever they are', () => {
    const foreign = endpoints('n/s', { at: ['10.0.0.1=s-0', '10.7.7.7'] });
    expect(calls(settings({ permissive: true }), s, foreign)).toEqual([
      's 10.96.0.1:80 -> 10.0.0.1:8080 10.7.7.7:8080',
    ]);
  });

  it('vanish with their pod, before the slice says so', () => {
    const mesh = compileMesh([...world, s, endpoints('n/s', { at: ['10.0.0.1=s-0'] })]);
    const { unitPuts } = mesh.apply([{ kind: 'delete', key: 'pod.n.s-0' }]);
    expect(unitPuts.map(({ kind }) => kind)).toEqual(['upstream']);
    expect(callsOf(mesh)).toEqual(['s 10.96.0.1:80 -> ']);
  });

  it('change the upstream only', () => {
    const mesh = compileMesh([...world, s, endpoints('n/s', { at: ['10.0.0.1=s-0'] })]);
    const before = mesh.compiler.evaluations();
    const { unitPuts } = mesh.apply([put(endpoints('n/s', { at: ['10.0.0.2=s-1'] }))]);
    expect(unitPuts.map(({ policy }) => policy.key)).toEqual(['cluster.n.s.8080.all']);
    expect(mesh.compiler.evaluations() - before).toBe(1);
  });

  it('are those of the ports that lead to the target port', () => {
    const two = service('n/s', { ip: '10.96.0.1', ports: ['a:80->8080', 'b:81->9090'] });
    const slice = endpoints('n/s', { ports: ['a:8080', 'b:9090', 'c:1'], at: ['10.0.0.1=s-0'] });
    expect(calls(two, slice)).toEqual([
      's 10.96.0.1:80 -> 10.0.0.1:8080',
      's 10.96.0.1:81 -> 10.0.0.1:9090',
    ]);
  });

  it('keep the number that each pod gives a named port', () => {
    const named = service('n/s', { ip: '10.96.0.1', ports: ['a:80->web'] });
    const slices = [
      endpoints('n/s', { slice: 'old', ports: ['a:8080'], at: ['10.0.0.1=s-0'] }),
      endpoints('n/s', { slice: 'new', ports: ['a:8085'], at: ['10.0.0.2=s-1'] }),
    ];
    expect(calls(named, ...slices)).toEqual(['s 10.96.0.1:80 -> 10.0.0.1:8080 10.0.0.2:8085']);
  });
});

describe('server principals', () => {
  const principals = (...objects: readonly CatalogValue[]) => {
    const mesh = compileMesh([...world, settings({ permissive: true }), ...objects]);
    return mesh
      .outboundsOf('uuid-cli')
      .flatMap(mesh.upstreamsOf)
      .map((u) => u.serverPrincipals);
  };

  it('are the accounts of the pods that the service selects', () => {
    const other = pod('n/t', { account: 't', labels: { app: 's' } });
    expect(principals(s, other)).toEqual([['s.n.cluster.local', 't.n.cluster.local']]);
  });

  it('are not those of equally labelled pods in other namespaces', () => {
    const other = pod('m/evil', { account: 'evil', labels: { app: 's' } });
    expect(principals(s, namespace('m'), other)).toEqual([['s.n.cluster.local']]);
  });

  it('are nobody for a service without pods', () => {
    expect(principals(service('n/empty'))).toEqual([['nobody.invalid']]);
  });
});

describe('a headless service', () => {
  it('is dialled at its pods', () => {
    expect(calls(headless, endpoints('n/s', { at: ['10.0.0.2=s-1', '10.0.0.1=s-0'] }))).toEqual([
      's 10.0.0.1:8080 10.0.0.2:8080 -> 10.0.0.1:8080 10.0.0.2:8080',
    ]);
  });

  it('does not exist for clients without endpoints they may call', () => {
    expect(calls(headless, endpoints('n/s', { at: ['10.0.0.9=cli'] }))).toEqual([]);
  });

  it('gets TCP to the pod that was dialled, so that endpoints change the outbound only', () => {
    const tcp = service('n/s', { headless: true, ports: ['5000 tcp'] });
    const at = (...ips: readonly string[]) => endpoints('n/s', { ports: ['5000'], at: ips });
    const mesh = compileMesh([...world, tcp, at('10.0.0.1=s-0')]);
    const [outbound] = mesh.outboundsOf('uuid-cli');
    expect(outbound).toMatchObject({ addressesOf: 'pods', addresses: ['10.0.0.1'] });
    expect(outbound && mesh.upstreamsOf(outbound)).toMatchObject([
      { key: 'dialled.n.s.5000.all', choice: 'client', endpoints: [] },
    ]);
    const { unitPuts } = mesh.apply([put(at('10.0.0.1=s-0', '10.0.0.2=s-1'))]);
    expect(unitPuts.map(({ policy }) => policy.key)).toEqual(['outbound.n.s.5000.all']);
  });

  it('spreads TCP where the pods give a named port different numbers', () => {
    const named = service('n/s', { headless: true, ports: ['db:5000->db tcp'] });
    const slices = [
      endpoints('n/s', { slice: 'old', ports: ['db:5000'], at: ['10.0.0.1=s-0'] }),
      endpoints('n/s', { slice: 'new', ports: ['db:5005'], at: ['10.0.0.2=s-1'] }),
    ];
    expect(calls(named, ...slices)).toEqual([
      's 10.0.0.1:5000 10.0.0.2:5000 -> 10.0.0.1:5000 10.0.0.2:5005',
    ]);
  });

  it('leads to the pod that was dialled where pods have host names', () => {
    const slice = endpoints('n/s', { at: ['10.0.0.1@s-0=s-0', '10.0.0.2@s-1=s-1'] });
    const mesh = compileMesh([...world, headless, slice]);
    expect(callsOf(mesh)).toEqual([
      's-0.s 10.0.0.1:8080 -> 10.0.0.1:8080',
      's-1.s 10.0.0.2:8080 -> 10.0.0.2:8080',
    ]);
    const [first] = mesh.outboundsOf('uuid-cli');
    expect(first?.domains).toEqual(expect.arrayContaining(['s-0.s.n', 's-0.s.n:8080']));
    expect(first?.domains).not.toContain('s.n');
    expect(first && mesh.upstreamsOf(first)).toMatchObject([{ sni: 's.n.svc.cluster.local' }]);
  });
});

describe('the names of a service', () => {
  const slice = endpoints('n/s', { at: ['10.0.0.1@s-0=s-0', '10.0.0.2@s-1=s-1'] });
  const outbounds = (...objects: readonly CatalogValue[]) =>
    compileMesh([...world, ...objects]).outboundsOf('uuid-cli');

  it('lead to any of its pods, also at the address of one with a name of its own', () => {
    const [first] = outbounds(headless, slice);
    expect(first?.whole).toEqual({
      domains: expect.arrayContaining(['s', 's.n', 's.n.svc.cluster.local:8080']),
      backends: [{ upstream: 'cluster.n.s.8080.all', weight: 100 }],
    });
  });

  it('are not told apart where the pods speak TCP', () => {
    const [first] = outbounds(service('n/s', { headless: true, ports: ['5000 tcp'] }), slice);
    expect(first?.whole).toBeUndefined();
  });

  it('never repeat those of a pod', () => {
    const twins = [
      namespace('s'),
      pod('s/cli'),
      pod('s/s', { account: 's' }),
      service('s/s', { headless: true }),
      endpoints('s/s', { at: ['10.0.0.1@s=s'] }),
      settings({ permissive: true }),
    ];
    const [outbound] = compileMesh(twins).outboundsOf('uuid-cli');
    expect(outbound?.domains).toContain('s.s');
    expect(outbound?.whole?.domains).not.toContain('s.s');
  });

  it.each([
    ['of the service', 's.n.svc.cluster.local', 'whole'],
    ['of one of its pods', 's-0.s.n.svc.cluster.local', 'pod'],
  ])('include those of an ExternalName service that has the name %s', (_, externalName, where) => {
    const alias = [namespace('m'), service('m/alias', { externalName })];
    const [first] = outbounds(headless, slice, ...alias);
    const names = ['alias', 'alias.m', 'alias.m:8080', 'alias.m.svc.cluster.local'];
    const domains = where === 'pod' ? first?.domains : first?.whole?.domains;
    expect(domains).toEqual(expect.arrayContaining(names));
  });

  it('do not include those of an ExternalName service outside the mesh', () => {
    const alias = service('other/alias', { externalName: 's.n.svc.cluster.local' });
    expect(JSON.stringify(outbounds(headless, slice, alias))).not.toContain('alias');
  });
});

describe('an address that two services share', () => {
  const t = (fields: Parameters<typeof service>[1]) =>
    service('n/t', { selector: { app: 's' }, ...fields });

  it('belongs to the first by name', () => {
    expect(calls(s, t({ ip: '10.96.0.1' }))).toEqual(['s 10.96.0.1:80 -> ']);
  });

  it('is no conflict on different ports', () => {
    const both = calls(s, t({ ip: '10.96.0.1', ports: ['81->8080'] }));
    expect(both).toEqual(['s 10.96.0.1:80 -> ', 't 10.96.0.1:81 -> ']);
  });

  it('is no conflict for a client that may call one of them only', () => {
    const other = service('n/a', { ip: '10.96.0.1', selector: { app: 'x' } });
    expect(calls(other, s)).toEqual(['s 10.96.0.1:80 -> ']);
  });

  it('is taken from the second one by itself, the others stay', () => {
    expect(
      calls(
        headless,
        endpoints('n/s', { at: ['10.0.0.1=s-0'] }),
        t({ headless: true, ports: ['8080'] }),
        endpoints('n/t', { at: ['10.0.0.1=s-0', '10.0.0.2=s-1'] }),
      ),
    ).toEqual([
      's 10.0.0.1:8080 -> 10.0.0.1:8080',
      't 10.0.0.2:8080 -> 10.0.0.1:8080 10.0.0.2:8080',
    ]);
  });
});

describe('the cluster addresses of a service', () => {
  it('are all dialled', () => {
    expect(calls(service('n/s', { ips: ['fd00::1', '10.96.0.1'] }))).toEqual([
      's 10.96.0.1:80 fd00::1:80 -> ',
    ]);
  });

  it('may be missing: then it cannot be dialled', () => {
    expect(calls(service('n/s', { ips: [] }))).toEqual([]);
  });
});
