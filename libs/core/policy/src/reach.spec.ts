import { wellKnownServerFirstPorts, type CatalogValue } from '@osm/model';
import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  remove,
  routeGroup,
  service,
  settings,
  target,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

/** A client, and services `s` and `t` with an account each; the target allows the client to call `s`. */
const world = [
  namespace('n'),
  pod('n/cli', { ip: '10.0.0.9' }),
  service('n/s', { ip: '10.96.0.1' }),
  service('n/t', { ip: '10.96.0.2' }),
  pod('n/s', { ip: '10.0.0.1' }),
  pod('n/t', { ip: '10.0.0.2' }),
  endpoints('n/s', { at: ['10.0.0.1=s'] }),
  endpoints('n/t', { at: ['10.0.0.2=t'] }),
  routeGroup('n/g', { all: { path: '.*' } }),
];
const toS = target('n/s', { to: 'n/s', from: ['n/cli'], http: ['g:all'] });

function outboundOf(...objects: readonly CatalogValue[]) {
  const mesh = compileMesh([...world, ...objects]);
  return {
    ...mesh.workloadOf('uuid-cli'),
    capture: mesh.captureOf('uuid-cli'),
    names: namesOf(mesh),
  };
}

function namesOf(mesh: ReturnType<typeof compileMesh>) {
  return mesh.outboundsOf('uuid-cli').map((o) => `${o.service.name}:${o.port}`);
}

describe('what a client may call', () => {
  it('is nothing without a target: no listener at all', () => {
    expect(outboundOf().outbound).toEqual({ kind: 'nothing' });
  });

  it('is an empty list without a target when egress is on', () => {
    const { outbound, capture } = outboundOf(settings({ egress: true }));
    expect(outbound).toMatchObject({ kind: 'listed', units: [] });
    expect(capture?.egress).toBe(true);
  });

  it('is the services of the destinations of its targets', () => {
    expect(outboundOf(toS)).toMatchObject({
      names: ['s:80'],
      outbound: { kind: 'listed', units: ['outbound.n.s.80.all'] },
    });
  });

  it.each([
    ['a target that grants nothing still leads there', { http: ['missing:x'] }, ['s:80']],
    ['a target without rules does not', {}, []],
  ])('%s', (_, rules, names) => {
    const odd = target('n/odd', { to: 'n/s', from: ['n/cli'], ...rules });
    expect(outboundOf(odd).names).toEqual(names);
  });

  it('is not opened by a target in another namespace', () => {
    const foreign = target('m/x', { to: 'n/s', from: ['n/cli'], http: ['g:all'] });
    expect(outboundOf(namespace('m'), foreign).names).toEqual([]);
  });

  it('crosses namespaces: the source counts wherever it is, the destination where its target is', () => {
    const fromM = target('n/m', { to: 'n/t', from: ['m/cli'], http: ['g:all'] });
    const mesh = compileMesh([
      ...world,
      toS,
      namespace('m'),
      pod('m/cli', { uuid: 'm-cli' }),
      fromM,
    ]);
    expect(mesh.outboundsOf('m-cli').map(({ key }) => key)).toEqual(['outbound.n.t.80.all']);
    expect(namesOf(mesh)).toEqual(['s:80']);
  });

  it('has every port of every service behind which the account stands', () => {
    const more = service('n/more', {
      selector: { app: 's' },
      ports: ['80->8080', '9000 tcp', '1 odd'],
    });
    expect(outboundOf(toS, more).names).toEqual(['more:80', 'more:9000', 's:80']);
  });

  it('is everything in permissive mode, by one shared scope', () => {
    const { outbound, names } = outboundOf(settings({ permissive: true }));
    expect(outbound).toMatchObject({ kind: 'permissive', scope: 'scope.permissive' });
    expect(names).toEqual(['s:80', 't:80']);
  });

  it('names the ports on which the server speaks first: well-known ones, and those of what the client may call', () => {
    const databases = [
      service('n/db', {
        selector: { app: 's' },
        ports: ['3307 tcp-server-first', '25 tcp-server-first'],
      }),
      service('n/other', { selector: { app: 't' }, ports: ['5432 tcp-server-first', '80 tcp'] }),
    ];
    expect(outboundOf(...databases).capture).toBeUndefined();
    expect(outboundOf(toS).capture?.serverFirstPorts).toEqual(wellKnownServerFirstPorts);
    expect(outboundOf(toS, ...databases).capture?.serverFirstPorts).toEqual([
      ...wellKnownServerFirstPorts,
      3307,
    ]);
    const open = outboundOf(settings({ permissive: true }), ...databases);
    expect(open.capture?.serverFirstPorts).toEqual([...wellKnownServerFirstPorts, 3307, 5432]);
  });

  it('goes when the target goes, together with what nobody else reaches', () => {
    const mesh = compileMesh([...world, toS]);
    const { unitDeletes, unitPuts } = mesh.apply([remove(toS)]);
    expect(unitDeletes).toEqual(['capture.all', 'outbound.n.s.80.all', 'cluster.n.s.8080.all']);
    expect(unitPuts.map(({ kind }) => kind)).toEqual(['workload', 'workload']);
    expect(mesh.workloadOf('uuid-cli').outbound).toEqual({ kind: 'nothing' });
  });

  it('changes with the mode, both ways', () => {
    const mesh = compileMesh([...world, toS]);
    mesh.apply([put(settings({ permissive: true }))]);
    expect(namesOf(mesh)).toEqual(['s:80', 't:80']);
    const { unitDeletes } = mesh.apply([put(settings())]);
    expect(namesOf(mesh)).toEqual(['s:80']);
    expect(unitDeletes).toEqual([
      'scope.permissive',
      'outbound.n.t.80.all',
      'cluster.n.t.8080.all',
    ]);
  });
});

describe('a service with several accounts', () => {
  const canary = [
    pod('n/s2', { ip: '10.0.0.3', account: 's2', labels: { app: 's' } }),
    endpoints('n/s', { at: ['10.0.0.1=s', '10.0.0.3=s2'] }),
  ];
  const toS2 = target('n/s2', { to: 'n/s2', from: ['n/cli', 'n/t'], http: ['g:all'] });

  it('shows a client the pods of the accounts it may call', () => {
    const mesh = compileMesh([...world, ...canary, toS]);
    const [outbound] = mesh.outboundsOf('uuid-cli');
    expect(outbound?.key).not.toBe('outbound.n.s.80.all');
    expect(outbound && mesh.upstreamsOf(outbound)).toMatchObject([
      {
        serverPrincipals: ['s.n.cluster.local'],
        endpoints: [{ ip: '10.0.0.1', port: 8080 }],
      },
    ]);
  });

  it('is one unit for all clients that see the same', () => {
    const third = pod('n/c3', { account: 't', labels: { app: 'x' } });
    const mesh = compileMesh([...world, ...canary, toS, toS2, third]);
    const keys = (uuid: string) => mesh.outboundsOf(uuid).map(({ key }) => key);
    expect(keys('uuid-cli')).toEqual(['outbound.n.s.80.all']);
    expect(keys('uuid-t')).toEqual(keys('uuid-c3'));
    expect(keys('uuid-t')).not.toEqual(keys('uuid-cli'));
    const [whole] = mesh.outboundsOf('uuid-cli').flatMap(mesh.upstreamsOf);
    expect(whole).toMatchObject({
      key: 'cluster.n.s.8080.all',
      serverPrincipals: ['s.n.cluster.local', 's2.n.cluster.local'],
      endpoints: [
        { ip: '10.0.0.1', port: 8080 },
        { ip: '10.0.0.3', port: 8080 },
      ],
    });
  });
});
