import { describe, expect, it } from 'vitest';
import { emitOutbound, emitUpstream, emitWorkload } from '@osm/envoy';
import { Resource as WireResource } from '@osm/proto-envoy/discovery';
import type { Bundle, Resource } from '@osm/proto-mesh';
import { createContentCache, type Content } from './contents.ts';
import { createNames } from './names.ts';
import { isMetBy, type Expectation } from './expectations.ts';

const tls = {
  minProtocolVersion: 'TLSv1_2',
  maxProtocolVersion: 'TLSv1_3',
  cipherSuites: [],
  ecdhCurves: [],
};
const service = { namespace: 'ns', name: 'svc' };

const upstream = emitUpstream({
  key: 'cluster.ns.svc.8080.all',
  service,
  targetPort: 8080,
  sni: 'svc.ns.svc.cluster.local',
  serverPrincipals: ['svc.ns.cluster.local'],
  endpoints: [{ ip: '10.0.0.1', port: 8080 }],
  choice: 'proxy',
  tls,
}).bundle;

const outbound = emitOutbound({
  key: 'outbound.ns.svc.80.all',
  service,
  port: 80,
  protocol: 'http',
  addresses: ['10.96.0.1'],
  addressesOf: 'service',
  trustDomain: 'cluster.local',
  domains: ['svc'],
  backends: [
    { upstream: 'cluster.ns.svc.8080.all', weight: 7 },
    { upstream: 'cluster.ns.svc-v2.8080.all', weight: 93 },
  ],
  whole: undefined,
}).bundle;

const workload = emitWorkload({
  key: 'workload.ns.svc.all',
  identity: { namespace: 'ns', serviceAccount: 'svc' },
  inbound: [
    {
      targetPort: 8080,
      protocol: 'http',
      serverNames: ['svc.ns.svc.cluster.local'],
      access: {
        kind: 'http-enforced',
        rules: [
          { pathRegex: '/a', methods: [], headers: [], principals: ['buyer.ns.cluster.local'] },
        ],
      },
    },
  ],
  outbound: { kind: 'listed', units: ['outbound.ns.svc.80.all'], capture: 'capture.all' },
  metrics: false,
  tls,
}).bundle;

const names = createNames();
const cache = createContentCache(names);
const namesOf = (ids: readonly number[]): Set<string> => new Set(ids.map(names.nameOf));

/** As it comes in a response. */
function wire({ name, version, typeUrl, body }: Resource): Uint8Array {
  return WireResource.encode(
    WireResource.fromPartial({ name, version, resource: { typeUrl, value: body } }),
  ).finish();
}

function readOne(resource: Resource): Content {
  const [content] = cache.read([wire(resource)]);
  if (content === undefined) throw new Error('nothing was read');
  return content;
}

function read(bundle: Bundle, type: string): Content {
  const resource = bundle.resources.find((one) => one.typeUrl.endsWith(`.${type}`));
  if (resource === undefined) throw new Error(`no ${type}`);
  return readOne(resource);
}

function met(expectation: Expectation, content: Content): boolean {
  return isMetBy(expectation, { typeUrl: content.typeUrl, resources: [content], removed: [] });
}

describe('the references of what the mesh emits', () => {
  it('are the endpoints and secrets of a cluster', () => {
    const { references } = read(upstream, 'Cluster');
    expect(names.nameOf(references.assignment ?? -1)).toBe('ns/svc|8080');
    expect(namesOf(references.secrets)).toEqual(new Set(['identity', 'trust']));
  });

  it('are the routes and secrets of a listener', () => {
    const { references: own } = read(outbound, 'Listener');
    expect(own).toMatchObject({ assignment: undefined, secrets: [] });
    expect(namesOf(own.routes)).toEqual(new Set(['outbound.ns/svc.80']));
    const inbound = workload.resources.find((one) => one.name === 'inbound-listener');
    if (inbound === undefined) throw new Error('no inbound listener');
    const { references } = readOne(inbound);
    expect(namesOf(references.routes)).toEqual(new Set(['rds-inbound.8080']));
    expect(namesOf(references.secrets)).toEqual(new Set(['identity', 'trust']));
  });

  it('are none of a cluster that is not of type EDS', () => {
    const local = workload.resources.find((one) => one.name === 'local|8080');
    if (local === undefined) throw new Error('no local cluster');
    expect(readOne(local).references.assignment).toBeUndefined();
  });
});

describe('createContentCache', () => {
  const bytes = (...body: number[]): Uint8Array =>
    wire({ typeUrl: 't', name: 'n', version: '1', body: Buffer.from(body) });

  it('gives one content for equal bytes, another for others, whatever the version says', () => {
    const [first, second] = cache.read([bytes(1, 2), bytes(1, 3)]);
    expect(second).not.toBe(first);
    expect(cache.read([bytes(1, 2)])).toEqual([first]);
    expect(cache.read([bytes(1, 2)])[0]).toBe(first);
  });

  it('does not take what usually comes next for what came', () => {
    const [one, two] = cache.read([bytes(1), bytes(2)]);
    const [again, other] = cache.read([bytes(1), bytes(3)]);
    expect(again).toBe(one);
    expect(other).not.toBe(two);
    expect(other?.body).toEqual(Uint8Array.of(3));
  });
});

describe('isMetBy', () => {
  it('finds weights', () => {
    const route = read(outbound, 'RouteConfiguration');
    expect(met({ kind: 'weight', cluster: 'ns/svc', weight: 7 }, route)).toBe(true);
    expect(met({ kind: 'weight', cluster: 'ns/svc', weight: 93 }, route)).toBe(false);
    expect(met({ kind: 'weight', cluster: 'ns/svc-v2', weight: 93 }, route)).toBe(true);
  });

  it('finds endpoints, and their absence', () => {
    const assignment = read(upstream, 'ClusterLoadAssignment');
    const endpoint = { kind: 'endpoint', cluster: 'ns/svc' } as const;
    expect(met({ ...endpoint, address: '10.0.0.1', present: true }, assignment)).toBe(true);
    expect(met({ ...endpoint, address: '10.0.0.1', present: false }, assignment)).toBe(false);
    expect(met({ ...endpoint, address: '10.0.0.2', present: false }, assignment)).toBe(true);
    expect(
      met({ ...endpoint, cluster: 'ns/other', address: '10.0.0.2', present: false }, assignment),
    ).toBe(false);
  });

  it('finds mentions, and removals', () => {
    const route = read(workload, 'RouteConfiguration');
    const mention = { kind: 'mention', type: 'route', name: 'inbound' } as const;
    expect(met({ ...mention, text: 'buyer.ns.', present: true }, route)).toBe(true);
    expect(met({ ...mention, text: 'thief.ns.', present: false }, route)).toBe(true);
    expect(met({ ...mention, text: 'buyer.ns.', present: false }, route)).toBe(false);
    const removal = {
      kind: 'resource',
      type: 'listener',
      name: 'ns/svc.',
      present: false,
    } as const;
    const { typeUrl } = read(outbound, 'Listener');
    expect(isMetBy(removal, { typeUrl, resources: [], removed: ['outbound.ns/svc.80'] })).toBe(
      true,
    );
    expect(isMetBy(removal, { typeUrl, resources: [], removed: ['outbound.ns/svc2.80'] })).toBe(
      false,
    );
  });
});
