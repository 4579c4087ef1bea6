import { describe, expect, it } from 'vitest';
import { review, written } from '../testing/world.ts';

const target = (spec: object) =>
  written('TrafficTarget', 'buyer', {
    destination: { kind: 'ServiceAccount', name: 'store', namespace: 'shop' },
    sources: [{ kind: 'ServiceAccount', name: 'buyer', namespace: 'shop' }],
    rules: [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['buy'] }],
    ...spec,
  });
const routes = written('HTTPRouteGroup', 'routes', {
  matches: [{ name: 'buy', pathRegex: '/buy', methods: ['GET'] }],
});
const account = (name: string) => written('ServiceAccount', name, undefined);
const service = (name: string, ports: unknown = [{ port: 80, targetPort: 14001 }]) =>
  written('Service', name, { clusterIP: '10.0.0.1', selector: { app: name }, ports });
const shop = [account('store'), account('buyer'), routes, service('store')];

describe('a TrafficTarget', () => {
  it('is admitted without a word when all it names is there', () => {
    expect(review(target({}), shop)).toEqual({ refusals: [], warnings: [] });
  });

  it('must be in the namespace of its destination', () => {
    const destination = { kind: 'ServiceAccount', name: 'store', namespace: 'other' };
    expect(review(target({ destination }), shop).refusals).toEqual([
      'TrafficTarget shop/buyer: spec.destination.namespace is other, but must be shop: a TrafficTarget lives in the namespace of its destination',
    ]);
  });

  it('may name what is not there, and hears of it', () => {
    const sources = [
      { kind: 'ServiceAccount', name: 'nobody', namespace: 'shop' },
      { kind: 'ServiceAccount', name: 'stranger', namespace: 'elsewhere' },
    ];
    const rules = [
      { kind: 'HTTPRouteGroup', name: 'routes', matches: ['buy', 'sell'] },
      { kind: 'HTTPRouteGroup', name: 'lost', matches: ['buy'] },
      { kind: 'TCPRoute', name: 'ports' },
    ];
    expect(review(target({ sources, rules }), shop)).toEqual({
      refusals: [],
      warnings: [
        'TrafficTarget shop/buyer: spec.sources[0]: there is no service account shop/nobody',
        'TrafficTarget shop/buyer: spec.sources[1]: the namespace elsewhere is not in the mesh; label it openservicemesh.io/monitored-by=osm',
        'TrafficTarget shop/buyer: spec.rules: there is no HTTPRouteGroup shop/lost; the rule grants nothing',
        'TrafficTarget shop/buyer: spec.rules: HTTPRouteGroup shop/routes has no match sell; it has buy',
        'TrafficTarget shop/buyer: spec.rules: there is no TCPRoute shop/ports; the rule grants nothing',
      ],
    });
  });

  it('with a rule twice, without rules, without sources is admitted with a warning', () => {
    const rule = { kind: 'HTTPRouteGroup', name: 'routes', matches: ['buy'] };
    expect(review(target({ rules: [rule, rule] }), shop).warnings).toEqual([
      'TrafficTarget shop/buyer: spec.rules[1] repeats an earlier rule; remove it',
    ]);
    expect(review(target({ rules: [] }), shop).warnings).toEqual([
      'TrafficTarget shop/buyer: spec.rules has no rule that grants anything, so nobody is allowed; add one',
    ]);
    expect(review(target({ sources: [] }), shop)).toMatchObject({ refusals: [], warnings: [{}] });
  });
});

describe('an update', () => {
  const wrong = target({
    destination: { kind: 'ServiceAccount', name: 'store', namespace: 'other' },
  });

  it('of labels or status is never refused, whatever the spec is', () => {
    const labelled = { ...wrong, metadata: { ...wrong.metadata, labels: { a: 'b' } }, status: {} };
    expect(review(labelled, shop, wrong)).toEqual({ refusals: [], warnings: [] });
  });

  it('of the spec is judged like a new object', () => {
    expect(review(wrong, shop, target({})).refusals).toHaveLength(1);
  });

  it('of an object that is being deleted is never refused', () => {
    const metadata = { ...wrong.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(review({ ...wrong, metadata }, shop, target({})).refusals).toEqual([]);
  });
});

describe('an HTTPRouteGroup', () => {
  it('whose expression no proxy would take is refused', () => {
    const group = written('HTTPRouteGroup', 'routes', {
      matches: [{ name: 'buy', pathRegex: '/buy(' }],
    });
    const { refusals } = review(group);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain('HTTPRouteGroup shop/routes: spec.matches[0].pathRegex');
  });
});

describe('a TrafficSplit', () => {
  const split = (name: string, backends: readonly object[], root = 'store') =>
    written('TrafficSplit', name, { service: root, backends });
  const halves = [
    { service: 'store-v1', weight: 50 },
    { service: 'store-v2', weight: 50 },
  ];
  const services = [service('store'), service('store-v1'), service('store-v2')];

  it('is admitted without a word when its services are there', () => {
    expect(review(split('a', halves), services)).toEqual({ refusals: [], warnings: [] });
  });

  it('without weight, without its services, or beside another one, is admitted with a warning', () => {
    const none = halves.map((each) => ({ ...each, weight: 0 }));
    expect(review(split('a', none), services).warnings).toEqual([
      'TrafficSplit shop/a: spec.backends has weight 0 only, so store answers 503; give one of them a weight',
    ]);
    expect(review(split('a', halves), []).warnings).toEqual([
      'TrafficSplit shop/a: spec.service: there is no service shop/store',
      'TrafficSplit shop/a: spec.backends: there is no service shop/store-v1',
      'TrafficSplit shop/a: spec.backends: there is no service shop/store-v2',
    ]);
    expect(review(split('b', halves), [...services, split('a', halves)]).warnings).toEqual([
      'TrafficSplit shop/b: spec.service: TrafficSplit shop/a splits store too; of the two a counts, the first by name',
    ]);
  });

  it('with a root that is no bare name is refused', () => {
    expect(review(split('a', halves, 'store.shop'), services).refusals).toHaveLength(1);
  });
});

describe('an object in a namespace that is not in the mesh yet', () => {
  it('is not told that everything beside it is missing', () => {
    const split = written(
      'TrafficSplit',
      'a',
      { service: 'store', backends: [{ service: 'v1', weight: 1 }] },
      'new',
    );
    expect(review(split)).toEqual({ refusals: [], warnings: [] });
  });
});
