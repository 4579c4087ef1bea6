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
  trafficSplit,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

const ports = ['http:80->8080', 'tcp-x:9000->9001 tcp'];
const slicePorts = ['http:8080', 'tcp-x:9001'];

/** Root `r` over the pods of `v1` and `v2`, each with its own account and service; the client may call both. */
const world = [
  namespace('n'),
  pod('n/cli'),
  routeGroup('n/g', { all: { path: '.*' } }),
  service('n/r', { ports, selector: { app: 'r' } }),
  ...['v1', 'v2'].flatMap((name, i) => [
    service(`n/${name}`, { ports, selector: { version: name } }),
    pod(`n/${name}`, { ip: `10.0.0.${i}`, labels: { app: 'r', version: name } }),
    endpoints(`n/${name}`, { ports: slicePorts, at: [`10.0.0.${i}=${name}`] }),
  ]),
  endpoints('n/r', { ports: slicePorts, at: ['10.0.0.0=v1', '10.0.0.1=v2'] }),
];
const toV1 = target('n/v1', { to: 'n/v1', from: ['n/cli'], http: ['g:all'] });
const toV2 = target('n/v2', { to: 'n/v2', from: ['n/cli'], http: ['g:all'] });
const allowed = [...world, toV1, toV2];

/** Where a port of the root leads: `service|target port weight`. */
function routeOf(mesh: ReturnType<typeof compileMesh>, port = 80, root = 'r') {
  const outbound = mesh
    .outboundsOf('uuid-cli')
    .find((candidate) => candidate.service.name === root && candidate.port === port);
  if (outbound === undefined) return undefined;
  const upstreams = mesh.upstreamsOf(outbound);
  return outbound.backends.map(({ upstream, weight }) => {
    const found = upstreams.find(({ key }) => key === upstream);
    return `${found?.service.name ?? '?'}|${found?.targetPort ?? '?'} ${weight}`;
  });
}

function route(...objects: readonly CatalogValue[]) {
  return routeOf(compileMesh([...allowed, ...objects]));
}

describe('a TrafficSplit', () => {
  it('sends calls of the root to its backends by weight, on every port', () => {
    const mesh = compileMesh([...allowed, trafficSplit('n/s', 'r', { v1: 70, v2: 30 })]);
    expect(routeOf(mesh)).toEqual(['v1|8080 70', 'v2|8080 30']);
    expect(routeOf(mesh, 9000)).toEqual(['v1|9001 70', 'v2|9001 30']);
    expect(routeOf(mesh, 80, 'v1')).toEqual(['v1|8080 100']);
  });

  it.each([
    ['drops weights of 0', { v1: 0, v2: 100 }, ['v2|8080 100']],
    ['has no destination when all weights are 0', { v1: 0, v2: 0 }, []],
    ['has no destination without backends', {}, []],
    ['leaves out a backend that does not exist', { v1: 50, no: 50 }, ['v1|8080 50']],
    ['may have its root among its backends', { r: 50, v1: 50 }, ['r|8080 50', 'v1|8080 50']],
  ])('%s', (_, weights, expected) => {
    expect(route(trafficSplit('n/s', 'r', weights))).toEqual(expected);
  });

  it('leaves out a backend on the ports that it lacks', () => {
    const v2 = service('n/v2', { ports: ['http:80->8080'], selector: { version: 'v2' } });
    const mesh = compileMesh([...allowed, v2, trafficSplit('n/s', 'r', { v1: 1, v2: 1 })]);
    expect(routeOf(mesh)).toEqual(['v1|8080 1', 'v2|8080 1']);
    expect(routeOf(mesh, 9000)).toEqual(['v1|9001 1']);
  });

  it('counts as the first by name when there are several for one root', () => {
    expect(
      route(trafficSplit('n/s2', 'r', { v2: 100 }), trafficSplit('n/s1', 'r', { v1: 100 })),
    ).toEqual(['v1|8080 100']);
  });

  it('means nothing in another namespace', () => {
    expect(route(namespace('m'), trafficSplit('m/s', 'r', { v1: 100 }))).toEqual(['r|8080 100']);
  });

  it('adds up a backend that is named twice', () => {
    const split: CatalogValue = {
      $case: 'trafficSplit',
      value: {
        namespace: 'n',
        name: 's',
        service: 'r',
        backends: [
          { service: 'v1', weight: 1 },
          { service: 'v1', weight: 2 },
        ],
      },
    };
    expect(route(split)).toEqual(['v1|8080 3']);
  });

  it('keeps the share of a backend that the client may not call: 503, not more for the others', () => {
    const mesh = compileMesh([...world, toV1, trafficSplit('n/s', 'r', { v1: 50, v2: 50 })]);
    expect(routeOf(mesh)).toEqual(['v1|8080 50', 'v2|8080 50']);
    const [root] = mesh.outboundsOf('uuid-cli').filter(({ service }) => service.name === 'r');
    expect(root && mesh.upstreamsOf(root)).toMatchObject([
      { serverPrincipals: ['v1.n.cluster.local'], endpoints: [{ ip: '10.0.0.0', port: 8080 }] },
      { serverPrincipals: ['nobody.invalid'], endpoints: [] },
    ]);
  });

  it('works on a root without pods in permissive mode only', () => {
    const bare = service('n/bare', { ports, selector: { app: 'nobody' } });
    const split = trafficSplit('n/s', 'bare', { v1: 80, v2: 20 });
    const mesh = compileMesh([...allowed, bare, split]);
    expect(routeOf(mesh, 80, 'bare')).toBeUndefined();
    mesh.apply([put(settings({ permissive: true }))]);
    expect(routeOf(mesh, 80, 'bare')).toEqual(['v1|8080 80', 'v2|8080 20']);
  });

  it('changes only the outbounds of its root when a weight changes', () => {
    const mesh = compileMesh([...allowed, trafficSplit('n/s', 'r', { v1: 70, v2: 30 })]);
    const before = mesh.compiler.evaluations();
    const difference = mesh.apply([put(trafficSplit('n/s', 'r', { v1: 60, v2: 40 }))]);
    expect(difference.unitPuts.map(({ policy }) => policy.key)).toEqual([
      'outbound.n.r.80.all',
      'outbound.n.r.9000.all',
    ]);
    expect(difference.unitDeletes).toEqual([]);
    expect(mesh.compiler.evaluations() - before).toBeLessThan(10);
  });

  it('keeps the units of clients when a weight reaches 0', () => {
    const mesh = compileMesh([...world, toV1, trafficSplit('n/s', 'r', { v1: 50, v2: 50 })]);
    const { unitPuts, unitDeletes } = mesh.apply([
      put(trafficSplit('n/s', 'r', { v1: 100, v2: 0 })),
    ]);
    expect(unitPuts.map(({ kind }) => kind)).toEqual(['outbound', 'outbound']);
    expect(unitDeletes.every((key) => key.startsWith('cluster.n.v2.'))).toBe(true);
  });
});
