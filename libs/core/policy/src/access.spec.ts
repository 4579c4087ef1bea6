import type { CatalogValue } from '@osm/model';
import {
  compileMesh,
  namespace,
  pod,
  routeGroup,
  service,
  settings,
  target,
  tcpRoute,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';
import type { HttpRule } from './index.ts';

const server = [
  namespace('n'),
  service('n/srv', { ports: ['80->8080', '9000->9000 tcp'] }),
  pod('n/srv'),
  routeGroup('n/g', {
    a: { path: '/a', methods: ['GET'] },
    b: { path: '/b' },
    sameAsA: { path: '/a', methods: ['GET'] },
  }),
  tcpRoute('n/p8080', [8080]),
  tcpRoute('n/p9000', [9000]),
  tcpRoute('n/any', []),
];

function inboundOf(...policies: readonly CatalogValue[]) {
  return compileMesh([...server, ...policies]).workloadOf('uuid-srv').inbound;
}

/** Who may do what by HTTP: `METHODS PATH: sources`. */
function httpAccess(...policies: readonly CatalogValue[]) {
  const access = inboundOf(...policies).find((port) => port.targetPort === 8080)?.access;
  if (access?.kind !== 'http-enforced') throw new Error(`access is ${access?.kind ?? 'missing'}`);
  return access.rules.map(
    (rule) => `${rule.methods.join(',') || '*'} ${rule.pathRegex ?? '*'}: ${sourcesOf(rule)}`,
  );
}

function sourcesOf({ principals }: HttpRule): string {
  return principals.map((text) => text.replace('.cluster.local', '')).join(' ');
}

function tcpAccess(...policies: readonly CatalogValue[]) {
  const access = inboundOf(...policies).find((port) => port.targetPort === 9000)?.access;
  if (access?.kind !== 'tcp-enforced') throw new Error(`access is ${access?.kind ?? 'missing'}`);
  return access.principals;
}

const toServer = { to: 'n/srv' };

describe('HTTP access', () => {
  it('is denied without a target: no rules, hence 404', () => {
    expect(httpAccess()).toEqual([]);
  });

  it('is granted by the matches a target names, to its sources', () => {
    expect(httpAccess(target('n/t', { ...toServer, from: ['m/x', 'n/y'], http: ['g:a'] }))).toEqual(
      ['GET /a: x.m y.n'],
    );
  });

  it('is the union of all targets: equal matches become one rule', () => {
    expect(
      httpAccess(
        target('n/t1', { ...toServer, from: ['n/x'], http: ['g:a,b'] }),
        target('n/t2', { ...toServer, from: ['n/y'], http: ['g:sameAsA'] }),
      ),
    ).toEqual(['GET /a: x.n y.n', '* /b: x.n']);
  });

  it.each([
    ['empty sources are nobody', { from: [], http: ['g:a'] }, ['GET /a: ']],
    ['a rule without matches selects nothing', { from: ['n/x'], http: ['g'] }, []],
    ['a missing group is skipped', { from: ['n/x'], http: ['no:a', 'g:b'] }, ['* /b: x.n']],
    ['a missing match is skipped', { from: ['n/x'], http: ['g:no,b'] }, ['* /b: x.n']],
    ['a TCPRoute opens no HTTP', { from: ['n/x'], tcp: ['p8080'] }, []],
    [
      'with a TCPRoute HTTP rules count on its ports',
      { from: ['n/x'], http: ['g:b'], tcp: ['p8080'] },
      ['* /b: x.n'],
    ],
    [
      'with a TCPRoute for another port they are for nobody',
      { from: ['n/x'], http: ['g:b'], tcp: ['p9000'] },
      ['* /b: '],
    ],
    [
      'with a TCPRoute that is missing they are for nobody',
      { from: ['n/x'], http: ['g:b'], tcp: ['no'] },
      ['* /b: '],
    ],
    [
      'with a TCPRoute without ports they count everywhere',
      { from: ['n/x'], http: ['g:b'], tcp: ['any'] },
      ['* /b: x.n'],
    ],
  ])('%s', (_, fields, rules) => {
    expect(httpAccess(target('n/t', { ...toServer, ...fields }))).toEqual(rules);
  });

  it('is not granted from another namespace', () => {
    const foreign = { ...toServer, from: ['m/x'], http: ['g:a'] };
    expect(httpAccess(namespace('m'), target('m/t', foreign))).toEqual([]);
  });

  it('is not granted by a target outside the mesh', () => {
    const mesh = compileMesh([
      pod('n/srv'),
      service('n/srv'),
      target('n/t', { ...toServer, from: ['n/x'], http: ['g:a'] }),
    ]);
    expect(mesh.state.assignments.size).toBe(0);
  });

  it('carries matches over: any path, any method, headers sorted, host as authority', () => {
    const group = routeGroup('n/h', {
      m: { methods: ['*'], headers: { 'x-user': 'a.*', host: 'srv' } },
    });
    const [port] = inboundOf(group, target('n/t', { ...toServer, from: ['n/x'], http: ['h:m'] }));
    expect(port?.access).toEqual({
      kind: 'http-enforced',
      rules: [
        {
          pathRegex: undefined,
          methods: [],
          headers: [
            { name: ':authority', valueRegex: 'srv' },
            { name: 'x-user', valueRegex: 'a.*' },
          ],
          principals: ['x.n.cluster.local'],
        },
      ],
    });
  });

  it('uses the trust domain of the mesh', () => {
    const rules = httpAccess(
      settings({ trustDomain: 'example.org' }),
      target('n/t', { ...toServer, from: ['n/x'], http: ['g:b'] }),
    );
    expect(rules).toEqual(['* /b: x.n.example.org']);
  });
});

describe('TCP access', () => {
  it.each([
    ['is denied without a target', [], []],
    ['is granted on the ports of a TCPRoute', [{ from: ['n/x'], tcp: ['p9000'] }], ['x']],
    [
      'is granted on every port by a TCPRoute without ports',
      [{ from: ['n/x'], tcp: ['any'] }],
      ['x'],
    ],
    ['is not granted on other ports', [{ from: ['n/x'], tcp: ['p8080'] }], []],
    ['is not granted by a TCPRoute that is missing', [{ from: ['n/x'], tcp: ['no'] }], []],
    ['is not granted by HTTP rules', [{ from: ['n/x'], http: ['g:a'] }], []],
    ['is not granted to empty sources', [{ from: [], tcp: ['any'] }], []],
    ['is not granted by a target without rules', [{ from: ['n/x'] }], []],
    [
      'is the union of all targets',
      [
        { from: ['n/y'], tcp: ['p9000'] },
        { from: ['n/x'], tcp: ['p8080', 'p9000'] },
      ],
      ['x', 'y'],
    ],
  ])('%s', (_, targets, sources) => {
    const policies = targets.map((fields, i) => target(`n/t${i}`, { ...toServer, ...fields }));
    expect(tcpAccess(...policies)).toEqual(sources.map((source) => `${source}.n.cluster.local`));
  });
});

describe('permissive mode', () => {
  it('asks for no policy on the server side', () => {
    const open = settings({ permissive: true });
    expect(inboundOf(open, target('n/t', { ...toServer, from: ['n/x'], http: ['g:a'] }))).toEqual([
      expect.objectContaining({ targetPort: 8080, access: { kind: 'http-permissive' } }),
      expect.objectContaining({
        targetPort: 9000,
        access: { kind: 'tcp-permissive', principals: [] },
      }),
    ]);
  });
});
